import type { IpCommand } from '../../pkg/ip/command.ts';
import { quote, type WorkAction } from '../../pkg/plan/action.ts';
import { thrownText } from '../../pkg/sys/errno.ts';
import { overwriteFile } from '../../pkg/sys/files/files.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';

/** Where a thread says in which context the next program that it starts shall be. */
const NEXT_PROGRAM = '/proc/thread-self/attr/exec';

/** The action of running an `ip` command in an SELinux context, which is what it makes then has too. */
export function labelledAction(context: string, command: IpCommand): WorkAction {
  return {
    kind: 'labelled',
    print: (place) => [[...place.prefix, 'runcon', context].map(quote).concat(command.toString()).join(' ')],
    async run({ place, timeoutMs }) {
      try {
        overwriteFile(NEXT_PROGRAM, context);
      } catch (thrown) {
        throw new CniError(
          ErrorCode.internal,
          `failed set socket label: ${thrownText(thrown)}`,
          `"selinuxContext" is ${JSON.stringify(context)}; \`getenforce\` tells whether this node has SELinux, ` +
            '`runcon CONTEXT true` whether it knows the context',
          { cause: thrown },
        );
      }
      let running: ReturnType<typeof place.start>;
      try {
        running = place.start({ argv: ['ip', ...command.options, ...command.words], timeoutMs });
      } finally {
        // It has been started, or it never will be; later programs are in our own context again.
        overwriteFile(NEXT_PROGRAM, '');
      }
      const { status, stderr } = await running.outcome();
      if (status !== 0) {
        throw new CniError(ErrorCode.internal, `failed to create tap: ${stderr.trim() || `ip ended with ${status}`}`);
      }
      return {};
    },
  };
}
