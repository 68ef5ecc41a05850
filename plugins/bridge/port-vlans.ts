import type { Netns } from '../../pkg/netns/netns.ts';
import type { WorkAction } from '../../pkg/plan/action.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import { NATIVE_VLAN, type PortVlans } from './vlans.ts';

/** The VLANs of one port, as `bridge -j vlan show` has them. */
interface ShownPort {
  readonly ifname: string;
  readonly vlans?: readonly ShownVlan[];
}

/** One VLAN of a port, or a range of them. */
export interface ShownVlan {
  readonly vlan: number;
  readonly vlanEnd?: number;
  readonly flags?: readonly string[];
}

/** Puts a port into its VLANs, and out of the one that the bridge puts every new port into. */
export function portVlansAction(port: string, vlans: PortVlans): WorkAction {
  const added = [
    ...(vlans.access === 0 ? [] : [`vlan add dev ${port} vid ${vlans.access} pvid untagged`]),
    ...rangesOf(vlans.trunk).map((range) => `vlan add dev ${port} vid ${range}`),
    // Untagged frames of a port with nothing but a trunk have to be somewhere.
    ...(vlans.access === 0 && vlans.trunk.length > 0 ? [`vlan add dev ${port} vid ${NATIVE_VLAN} pvid untagged`] : []),
  ];
  const leavesDefault = !vlans.keepsDefault && (vlans.access !== 0 || vlans.trunk.length > 0);
  return {
    kind: 'bridge',
    print: (place) => {
      const lines = [...(leavesDefault ? [`vlan del dev ${port} vid 1`] : []), ...added];
      return lines.map((line) => [...place.prefix, 'bridge', line].join(' '));
    },
    async run({ place, timeoutMs }) {
      const present = leavesDefault ? await portVlans(place, port, timeoutMs) : [];
      const removed = present.map(({ vlan, vlanEnd }) => {
        return `vlan del dev ${port} vid ${vlanEnd === undefined ? vlan : `${vlan}-${vlanEnd}`}`;
      });
      const lines = [...removed, ...added];
      if (lines.length > 0) await runBridge(place, ['-batch', '-'], lines, timeoutMs);
      return {};
    },
  };
}

/** The VLANs that a port is in. */
export async function portVlans(place: Netns, port: string, timeoutMs: number): Promise<readonly ShownVlan[]> {
  const stdout = await runBridge(place, ['-j', 'vlan', 'show', 'dev', port], [], timeoutMs);
  const ports = stdout.trim() === '' ? [] : (JSON.parse(stdout) as readonly ShownPort[]);
  return ports.find(({ ifname }) => ifname === port)?.vlans ?? [];
}

async function runBridge(
  place: Netns,
  args: readonly string[],
  lines: readonly string[],
  timeoutMs: number,
): Promise<string> {
  const stdin = lines.map((line) => `${line}\n`).join('');
  const { status, stdout, stderr } = await place.start({ argv: ['bridge', ...args], stdin, timeoutMs }).outcome();
  if (status === 0) return stdout;
  const reason =
    stderr
      .split('\n')
      .find((line) => line.trim() !== '')
      ?.trim() ?? `bridge ended with status ${status}`;
  throw new CniError(ErrorCode.internal, reason, lines.length > 0 ? `one of: ${lines.join('; ')}` : '');
}

/** Numbers that follow each other as `first-last`. */
function rangesOf(ids: readonly number[]): readonly string[] {
  const ranges: { first: number; last: number }[] = [];
  for (const id of ids) {
    const open = ranges.at(-1);
    if (open !== undefined && open.last === id - 1) open.last = id;
    else ranges.push({ first: id, last: id });
  }
  return ranges.map(({ first, last }) => (first === last ? String(first) : `${first}-${last}`));
}
