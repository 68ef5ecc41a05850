import { toCniError } from '../pkg/types/error.ts';
import { PLUGIN_FOLDER, pluginPath, type RuntimeVerb, runVerb, subjectOf } from './cnitool.ts';
import { type Command, UsageError } from './command.ts';

const VARIABLES = `
  -i, --ifname NAME  the interface in the container; CNI_IFNAME, else eth0

The container is named after the namespace's path, so the same path is the same container next time.
From the environment, as for cnitool:

  CNI_PATH     folders of the plugins, with ":" between them; ${PLUGIN_FOLDER}
  NETCONFPATH  folder of the configurations; /etc/cni/net.d
  CNI_ARGS     KEY=VALUE;… for the plugins
  CAP_ARGS     a JSON object: values for the capabilities that plugins declare, {"portMappings": [ … ]}

Results are kept in /var/lib/cni/results, where libcni keeps them too.
`;

/** Those of cnitool's verbs that mean the same here; its gc takes the network from living containers. */
export type AttachVerb = Exclude<RuntimeVerb, 'gc'>;

const WHAT: Readonly<Record<AttachVerb, string>> = {
  add: 'Attaches a network namespace to a network: calls ADD of each plugin of its list, and prints the last result.',
  check: 'Asks each plugin of a network’s list whether the attachment is still as the ADD left it.',
  del: 'Takes the attachment away again: calls DEL of each plugin of the list, the last one first.',
  status: 'Asks each plugin of a network’s list whether it could attach a container now.',
};

/** `cni add`, `check`, `del` or `status`: what `cnitool` does. */
export function attachCommand(verb: AttachVerb): Command {
  // Nothing is asked about a container.
  const needsNetns = verb !== 'status';
  return {
    usage: needsNetns ? '[-i NAME] <network> <netns>' : '<network>',
    help: `${WHAT[verb]}\n${VARIABLES}`,
    options: { ifname: { type: 'string', short: 'i' } },
    // Scripts that have called cnitool give status a namespace too.
    most: 2,
    needsRoot: true,
    async run({ positionals, values, environment, terminal }) {
      const [network, netns = needsNetns ? undefined : ''] = positionals;
      if (network === undefined || netns === undefined) {
        throw new UsageError(`needs the name of a network${needsNetns ? ' and the path of a network namespace' : ''}`);
      }
      const ifName = typeof values['ifname'] === 'string' ? values['ifname'] : '';
      try {
        const subject = await subjectOf(environment, network, netns, ifName);
        await terminal.out(await runVerb(verb, { ...environment, CNI_PATH: pluginPath(environment) }, subject));
        return 0;
      } catch (thrown) {
        await terminal.err(`cni: ${toCniError(thrown)}\n`);
        return 1;
      }
    },
  };
}
