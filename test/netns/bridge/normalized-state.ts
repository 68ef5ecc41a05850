import { NETWORK_STATE_SCRIPT, readNetworkState } from '../../../scripts/lib/network-state.ts';
import type { Host, Pod } from '../harness/host.ts';
import type { Place } from '../harness/place.ts';

/** Settings of a link that plugins write. */
const LINK_SETTINGS = [
  'ipv4/conf/LINK/arp_notify',
  'ipv4/conf/LINK/forwarding',
  'ipv6/conf/LINK/accept_ra',
  'ipv6/conf/LINK/accept_dad',
  'ipv6/conf/LINK/enhanced_dad',
  'ipv6/conf/LINK/disable_ipv6',
  'ipv6/conf/LINK/keep_addr_on_down',
];

const SETTINGS_SCRIPT = `
cd /proc/sys/net
for link in $(ls ipv4/conf); do
  for setting in ${LINK_SETTINGS.join(' ')}; do
    path=$(echo $setting | sed "s|LINK|$link|")
    [ -e $path ] && echo "$path = $(cat $path)"
  done
done
for path in ipv4/ip_forward ipv6/conf/all/forwarding; do echo "$path = $(cat $path)"; done
`;

/** What a kernel has in it after a call, one line per thing, with all that is random called by what it is. */
export async function normalizedState(host: Host, pod: Pod, keep: readonly string[] = []): Promise<readonly string[]> {
  const lines = await Promise.all([stateOf(host, 'host'), stateOf(pod, 'pod')]);
  return lines
    .flat()
    .map((line) => normalized(line, keep))
    .sort();
}

/** The same for a result or an error: random names and addresses are called by what they are. */
export function normalizedDocument(document: unknown, pod: Pod, keep: readonly string[] = []): unknown {
  return JSON.parse(normalized(JSON.stringify(document ?? null), keep).replaceAll(pod.path, '<pod>'));
}

async function stateOf(place: Place, label: string): Promise<readonly string[]> {
  const state = await place.run(['sh', '-c', NETWORK_STATE_SCRIPT]);
  const settings = await place.run(['sh', '-c', SETTINGS_SCRIPT]);
  const vlans = await place.run(['bridge', '-j', 'vlan', 'show']);
  const ports = (vlans.stdout.trim() === '' ? [] : JSON.parse(vlans.stdout)) as readonly object[];
  if (state.exitCode !== 0 || settings.exitCode !== 0)
    throw new Error(`${place.name}: ${state.stderr}${settings.stderr}`);
  const lines = [
    ...readNetworkState(state.stdout),
    ...settings.stdout.trim().split('\n'),
    ...ports.map((port) => `vlans ${JSON.stringify(port)}`),
  ];
  return lines.map((line) => `${label} ${line}`);
}

const VETH = /\bveth[\da-f]{8}\b/g;
const MAC = /\b(?:[\da-f]{2}:){5}[\da-f]{2}\b/g;
const LINK_LOCAL = /\bfe80::[\da-f:]+\b/g;
const BRIDGE_ID = /\b8000\.(?:[\da-f]{1,2}:){5}[\da-f]{1,2}/g;
const INDEXES = /"(ifindex|link_index|link_netnsid)":\d+/g;
const VOLATILE =
  /"(?:hello_timer|gc_timer|tcn_timer|message_age_timer|forward_delay_timer|hold_timer|topology_change_timer|no|id|designated_port|valid_life_time|preferred_life_time|gso_max_size|gso_max_segs|mcast_\w+|multicast_router)":(?:"[^"]*"|[\d.]+|true|false),?/g;

function normalized(line: string, keep: readonly string[]): string {
  return line
    .replace(BRIDGE_ID, '<bridge id>')
    .replace(VETH, '<veth>')
    .replace(MAC, (mac) => (keep.includes(mac) ? mac : isZero(mac) ? mac : '<mac>'))
    .replace(LINK_LOCAL, '<link-local>')
    .replace(INDEXES, '"$1":0')
    .replace(VOLATILE, '');
}

function isZero(mac: string): boolean {
  return mac === '00:00:00:00:00:00' || mac === 'ff:ff:ff:ff:ff:ff';
}
