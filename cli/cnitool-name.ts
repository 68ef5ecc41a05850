import { parseArgs } from '@pkgjs/parseargs';
import { writeOut } from '../pkg/sys/files/write-out.ts';
import { toCniError } from '../pkg/types/error.ts';
import { RUNTIME_VERBS, runVerb, subjectOf } from './cnitool.ts';

const USAGE = `Usage:
  cnitool add|check|del|gc|status <network> <netns> [-i NAME]

This is the tool of cni-ts under the name of cnitool; "cni help add" explains the arguments and the environment.
`;

/** What this executable does under the name `cnitool`: scripts that call that need not know the difference. */
export async function runCnitool(argv: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { ifname: { type: 'string', short: 'i' }, help: { type: 'boolean', short: 'h' } },
    });
    const [name, network, netns] = positionals;
    const verb = RUNTIME_VERBS.find((known) => known === name);
    if (values.help === true || name === undefined || name === 'help') {
      await writeOut('stdout', USAGE);
      return 0;
    }
    if (verb === undefined) throw new Error(`unknown command "${name}" for "cnitool"\n${USAGE}`);
    if (network === undefined || netns === undefined) {
      throw new Error(`requires at least 2 arg(s), only received ${positionals.length - 1}\n${USAGE}`);
    }
    const subject = await subjectOf(process.env, network, netns, values.ifname ?? '');
    await writeOut('stdout', await runVerb(verb, process.env, subject));
    return 0;
  } catch (thrown) {
    await writeOut('stderr', `Error: ${toCniError(thrown)}\n`);
    return 1;
  }
}
