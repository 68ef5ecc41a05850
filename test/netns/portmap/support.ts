import { expect } from 'vitest';
import type { Host, Pod } from '../harness/host.ts';
import { callPlugin, type PluginCall, type PluginOutcome } from '../harness/plugin.ts';
import type { Suite } from './suites.ts';

export { BACKENDS, type Backend } from './suites.ts';

/** One mapping as a runtime asks for it. */
export interface Mapping {
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: string;
  readonly hostIP?: string;
}

/** What is there for good after the first container with ports: nobody's in particular. */
export const SHARED: readonly RegExp[] = [
  // The folders of all records and of the list of ports.
  /^file \/run\/cni-ts(?:\/attachments)?(?:\/\.ports)? folder/,
  // Tables and base chains of the iptables programs, which appear with their first use.
  /^host nft table (?:ip6?) (?:nat|filter|raw)(?: chain [A-Z]+)?(?: \{| type )/,
  // The chains that all containers share and what leads to them, which the reference leaves too.
  /^host nft table ip6? nat chain (?:PREROUTING|OUTPUT|POSTROUTING|CNI-HOSTPORT-(?:SETMARK|MASQ)) /,
  /^host nft table ip6? nat chain CNI-HOSTPORT-DNAT \{/,
  /^host ip6?tables(?:-legacy)?-save \*nat (?::CNI-HOSTPORT-|-A (?:PREROUTING|OUTPUT|POSTROUTING|CNI-HOSTPORT-(?:SETMARK|MASQ)) )/,
  /^host nft table ip6? cni_hostport (?:\{|comment|chain \w+ \{|chain (?:prerouting|output|masquerading) type|chain (?:prerouting|output) .*fib|chain hostports_all jump)/,
  // What umount(8) keeps.
  /^file \/run\/mount/,
];

/** A port of TCP. */
export function tcp(hostPort: number, containerPort: number, hostIP?: string): Mapping {
  return { hostPort, containerPort, protocol: 'tcp', ...(hostIP === undefined ? {} : { hostIP }) };
}

/** A port of UDP. */
export function udp(hostPort: number, containerPort: number, hostIP?: string): Mapping {
  return { ...tcp(hostPort, containerPort, hostIP), protocol: 'udp' };
}

/** What an earlier plugin would have given. */
export function resultOf(pod: Pod, addresses: readonly string[], ifName = 'eth0', cniVersion = '1.0.0'): object {
  const version = (address: string) =>
    cniVersion.startsWith('1') ? {} : { version: address.includes(':') ? '6' : '4' };
  return {
    cniVersion,
    interfaces: [{ name: ifName, sandbox: pod.path }],
    ips: addresses.map((address) => ({ address, interface: 0, ...version(address) })),
  };
}

/** An attachment whose ports are mapped by portmap alone. */
export interface Mapped {
  readonly pod: Pod;
  readonly mappings: readonly Mapping[];
  readonly addresses?: readonly string[];
  readonly conf?: object;
  readonly containerId?: string;
  readonly ifName?: string;
  readonly network?: string;
  readonly args?: string;
  readonly cniVersion?: string;
}

/** The call of a verb; `changes` are other keys of the configuration, `undefined` takes one out. */
export function callOf(verb: string, mapped: Mapped, changes: object = {}): PluginCall {
  const { pod, mappings, containerId = 'c1', ifName = 'eth0', network = 'net', args, cniVersion = '1.0.0' } = mapped;
  const prevResult = resultOf(pod, mapped.addresses ?? ['10.99.0.2/16'], ifName, cniVersion);
  const runtimeConfig = mappings.length === 0 ? {} : { runtimeConfig: { portMappings: mappings } };
  const conf = { cniVersion, name: network, type: 'portmap', ...mapped.conf, ...runtimeConfig, prevResult, ...changes };
  return { verb, containerId, netns: pod.path, ifName, conf, ...(args === undefined ? {} : { args }) };
}

/** Calls portmap of a suite. */
export function call(host: Host, suite: Suite, parts: PluginCall): Promise<PluginOutcome> {
  return callPlugin(host, `${suite.folder}/portmap`, { ...parts, path: suite.folder });
}

/** Calls a verb that has to succeed. */
export async function succeed(host: Host, suite: Suite, parts: PluginCall): Promise<PluginOutcome> {
  const outcome = await call(host, suite, parts);
  expect(outcome.exitCode, `${parts.verb}: ${outcome.stdout}${outcome.stderr}`).toBe(0);
  return outcome;
}

const RULES = `
for save in iptables-save ip6tables-save iptables-legacy-save ip6tables-legacy-save; do
  echo "== $save"; $save -t nat 2>/dev/null | grep -v '^#' | sed 's/ \\[[0-9]*:[0-9]*\\]$//'
done
for family in ip ip6; do echo "== $family"; nft list table $family cni_hostport 2>/dev/null || true; done
nft list ruleset | grep 'daddr 127.0.0.0/8'
grep . /proc/sys/net/ipv4/conf/*/route_localnet
`;

/** All rules of both backends, in their order, and the setting that goes with them. */
export async function rulesOn(host: Host): Promise<readonly string[]> {
  const { stdout } = await host.run(['sh', '-c', RULES]);
  return stdout.split('\n');
}

/** Only what belongs to containers: their chains, entries and rules. */
export async function containerRulesOn(host: Host): Promise<readonly string[]> {
  const rules = await rulesOn(host);
  return rules.filter((line) => /CNI-(?:DN|SN)-|comment "(?!CNI portmap)/.test(line) && !/portfwd/.test(line));
}

/** Whose records and ports are still noted. */
export async function notesOn(host: Host): Promise<readonly string[]> {
  const { stdout } = await host.run(['sh', '-c', 'find /run/cni-ts -type f ! -name guard 2>/dev/null | sort']);
  return stdout.split('\n').filter((line) => line !== '');
}

/** A network of the host in which the containers' addresses are. */
export async function addNetwork(host: Host): Promise<void> {
  await host.ip('link add br0 type bridge');
  await host.ip('addr add 10.99.0.1/16 dev br0');
  await host.ip('link set dev br0 up');
}

/** A shell line that makes the rules of many containers. */
export function crowdOf(backend: string, containers: number): string {
  const lines = Array.from({ length: containers }, (_, index) => {
    if (backend === 'nftables') {
      return `add rule ip cni_hostport hostports tcp dport ${20_000 + index} dnat to 10.99.1.1:80 comment "n${index}"`;
    }
    const chain = `CNI-DN-${String(index).padStart(21, '0')}`;
    return `:${chain} - [0:0]\n-A ${chain} -p tcp -j DNAT --to-destination 10.99.1.1:80\n-A CNI-HOSTPORT-DNAT -p tcp -m multiport --dports ${20_000 + index} -j ${chain}`;
  });
  const [before, after, program] =
    backend === 'nftables' ? ['', '', 'nft -f -'] : ['*nat\n', '\nCOMMIT', 'iptables-restore --noflush'];
  return `${program} <<'END'\n${before}${lines.join('\n')}${after}\nEND\n`;
}
