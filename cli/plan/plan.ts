import { toCniError } from '../../pkg/types/error.ts';
import { subjectOf } from '../cnitool.ts';
import { type Command, UsageError } from '../command.ts';
import { type PlannedChain, planChain } from './chain.ts';
import { planText } from './text.ts';

/** `cni plan`: what an ADD would do, as lines that a person can paste. */
export const plan: Command = {
  usage: '[--json] [-i NAME] <network> <netns>',
  help: `Prints everything that an ADD would do, as ip, nft, iptables and sysctl lines that a person can paste, with
comments who does it and where. Nothing is touched: no link, no rule, no lease, no lock.

  -i, --ifname NAME  the interface in the container; CNI_IFNAME, else eth0
  --json             as a JSON document

CNI_PATH, NETCONFPATH, CNI_ARGS and CAP_ARGS are those of "cni help add".
The exit status is 1 when the ADD would fail, or when the list has a plugin that this suite does not have.
`,
  options: { json: { type: 'boolean' }, ifname: { type: 'string', short: 'i' } },
  most: 2,
  needsRoot: true,
  async run({ positionals, values, environment, terminal }) {
    const [network, netns] = positionals;
    if (network === undefined || netns === undefined) {
      throw new UsageError('needs the name of a network and the path of a network namespace');
    }
    const ifName = typeof values['ifname'] === 'string' ? values['ifname'] : '';
    try {
      const subject = await subjectOf(environment, network, netns, ifName);
      const chain = await planChain(environment, subject);
      const { containerId } = subject.attachment;
      const document = { network, file: subject.file, containerId, netns: subject.attachment.netns, ...chain };
      await terminal.out(
        values['json'] === true ? `${JSON.stringify(document, null, 2)}\n` : planText(subject, chain, terminal),
      );
      for (const line of problemsOf(chain)) await terminal.err(`cni: ${line}\n`);
      return problemsOf(chain).length === 0 ? 0 : 1;
    } catch (thrown) {
      await terminal.err(`cni: ${toCniError(thrown)}\n`);
      return 1;
    }
  },
};

function problemsOf({ failure, unknown }: PlannedChain): readonly string[] {
  const lines = unknown.map((plugin) => `what ${plugin} would do is not known: it is no plugin of this suite`);
  return failure === undefined ? lines : [...lines, `the ADD would fail: ${failure}`];
}
