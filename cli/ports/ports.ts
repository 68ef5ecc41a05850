import { HolderSearch } from '../../pkg/libcni/holder.ts';
import { namespaceCensus } from '../../pkg/record/census.ts';
import type { AttachmentRecord, RecordedPod } from '../../pkg/record/record.ts';
import { isAlive, recordsOf } from '../../pkg/record/store.ts';
import type { Environment } from '../../pkg/skel/plugin.ts';
import type { Attachment } from '../../pkg/types/attachment.ts';
import { attachmentKey } from '../../pkg/types/attachment.ts';
import { toCniError } from '../../pkg/types/error.ts';
import { type ListedClaim, PortClaims } from '../../plugins/portmap/claims.ts';
import { releaseDeadPorts } from '../../plugins/portmap/dead.ts';
import { unnotedPorts } from '../../plugins/portmap/foreign.ts';
import { socketAddress } from '../../plugins/portmap/forwarding.ts';
import { notesOf } from '../../plugins/portmap/notes.ts';
import { ageOf } from '../age.ts';
import type { Command, CommandCall } from '../command.ts';
import { type Cell, table } from '../table.ts';
import { podText } from '../terminal.ts';

/** One port of the host, and where it leads. */
interface HostPort extends Attachment {
  readonly protocol: string;
  readonly hostPort: number;
  /** The host's addresses that count; none for all of both families. */
  readonly hostIps: readonly string[];
  readonly pod?: RecordedPod;
  /** Where it leads: `10.88.0.2:80`, one of each family. */
  readonly targets: readonly string[];
  readonly since?: string;
  readonly state: 'alive' | 'dead' | 'unknown';
  readonly netns: string;
}

/** `cni ports`: who has which port of the host. */
export const ports: Command = {
  usage: '[--fix] [--json]',
  help: `Lists the ports of this host that portmap has given to containers, of this suite and of the reference: where each
leads, since when, and whether that container is still there. A port is dead only when that is proven: its network
namespace is gone or from before this boot; or other plugins have mapped it, and no namespace has its address.

  --fix   releases the dead ones with their rules, and nothing else
  --json  as a JSON document

The exit status is 1 when there are dead ports, and with --fix when one could not be released.
`,
  options: { fix: { type: 'boolean' }, json: { type: 'boolean' } },
  needsRoot: true,
  async run({ values, environment, terminal }) {
    try {
      const warn = (line: string): void => void warnings.push(line);
      const warnings: string[] = [];
      const fixed = values['fix'] === true ? await releaseDeadPorts(environment, warn) : { released: [], failures: [] };
      const found = await hostPorts(environment);
      const released = fixed.released.map(({ port }) => portName(port));
      if (values['json'] === true) {
        await terminal.out(`${JSON.stringify({ released, failures: fixed.failures, ports: found }, null, 2)}\n`);
      } else {
        for (const { port, claim } of fixed.released) {
          await terminal.out(`released ${portName(port)} of container ${claim.containerId}\n`);
        }
        await terminal.out(shown(found, terminal));
      }
      for (const line of [...warnings, ...fixed.failures]) await terminal.err(`cni: ${line}\n`);
      return fixed.failures.length > 0 || found.some(({ state }) => state === 'dead') ? 1 : 0;
    } catch (thrown) {
      await terminal.err(`cni: ${toCniError(thrown)}\n`);
      return 1;
    }
  },
};

async function hostPorts(environment: Environment): Promise<readonly HostPort[]> {
  const records = recordsOf(environment);
  const isInUse = namespaceCensus();
  const notes = new Map<string, Noted>();
  const claims = new PortClaims(records.folder).listed();
  const found = claims.map((listed) => {
    const key = attachmentKey(listed.claim);
    const noted = notes.get(key) ?? notedIn(records.find(listed.claim, 'portmap'));
    notes.set(key, noted);
    const own = noted.ports.get(listed.port);
    const targets = own === undefined ? [] : noted.addresses.map((address) => socketAddress(address, own));
    return { ...hostPort(listed, targets, isInUse), ...(noted.since === undefined ? {} : { since: noted.since }) };
  });
  const unnoted = await unnotedPorts(claims, new HolderSearch(environment));
  found.push(...unnoted.map((one) => hostPort(one, one.targets, isInUse)));
  return found.sort((a, b) => a.hostPort - b.hostPort || (a.protocol < b.protocol ? -1 : 1));
}

/** What the record of an attachment says of its ports; it may have thousands. */
interface Noted {
  readonly since?: string;
  /** The container's, without prefix lengths. */
  readonly addresses: readonly string[];
  /** The container's ports by the host's, `tcp-8080`. */
  readonly ports: ReadonlyMap<string, number>;
}

function notedIn(record: AttachmentRecord | undefined): Noted {
  const ports = new Map<string, number>();
  const forwarding = record && notesOf(record.data).forwarding;
  for (const { protocol, hostPort, containerPort } of forwarding?.mappings ?? []) {
    const port = `${protocol}-${hostPort}`;
    if (!ports.has(port)) ports.set(port, containerPort);
  }
  const addresses = forwarding?.addresses.map((prefix) => prefix.slice(0, prefix.indexOf('/'))) ?? [];
  return { ...(record === undefined ? {} : { since: record.time }), addresses, ports };
}

function hostPort(
  { port, claim }: ListedClaim,
  targets: readonly string[],
  isInUse: ReturnType<typeof namespaceCensus>,
): HostPort {
  const { network, containerId, ifName, pod, netns, hostIps } = claim;
  const [protocol = '', number = ''] = port.split('-');
  return {
    protocol,
    hostPort: Number(number),
    hostIps: hostIps.filter((address) => address !== ''),
    network,
    containerId,
    ifName,
    ...(pod === undefined ? {} : { pod }),
    targets,
    state: isAlive(claim, isInUse),
    netns: netns.path,
  };
}

function shown(found: readonly HostPort[], terminal: CommandCall['terminal']): string {
  if (found.length === 0) return 'no port of this host leads to a container\n';
  const now = Date.now();
  const rows = found.map((one): readonly Cell[] => [
    `${one.hostPort}/${one.protocol}`,
    one.hostIps.join(' ') || 'all',
    one.targets.join(' ') || 'not known',
    one.containerId,
    podText(one.pod),
    one.since === undefined ? '' : ageOf(Date.parse(one.since), now),
    stateCell(one.state),
  ]);
  const dead = found.filter(({ state }) => state === 'dead').length;
  const advice = dead === 0 ? '' : `\n${dead} dead: "cni ports --fix" releases them\n`;
  return table(['PORT', 'ADDRESS', 'LEADS TO', 'CONTAINER', 'POD', 'SINCE', 'STATE'], rows, terminal) + advice;
}

function stateCell(state: HostPort['state']): Cell {
  if (state === 'alive') return { text: state, style: 'green' };
  return state === 'dead' ? { text: 'dead: its namespace is gone', style: 'red' } : { text: state, style: 'yellow' };
}

/** `tcp-8080` as people write it. */
function portName(port: string): string {
  const [protocol, number] = port.split('-');
  return `${number}/${protocol}`;
}
