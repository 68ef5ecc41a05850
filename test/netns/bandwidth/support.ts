import { OURS, type Suite } from '../bridge/suites.ts';
import type { Host, Pod } from '../harness/host.ts';
import { callPlugin, type PluginCall, type PluginOutcome } from '../harness/plugin.ts';

/** Both directions at a rate whose times are whole in all of the kernel's measures. */
export const BOTH = { ingressRate: 8_000_000, ingressBurst: 800_000, egressRate: 16_000_000, egressBurst: 800_000 };

/** A pod with a pair whose end on the host has the given name. */
export async function podWithPair(host: Host, veth: string, mtu = 1500): Promise<Pod> {
  const pod = await host.addPod();
  await host.ip(`link add name ${veth} mtu ${mtu} type veth peer name eth0 mtu ${mtu} netns ${pod.path}`);
  await host.ip(`link set dev ${veth} up`);
  await pod.ip('link set dev eth0 up');
  return pod;
}

/** A configuration of a pod with a pair, and everything else that a call has. */
export function callOf(verb: string, pod: Pod, veth: string, conf: object = BOTH, cniVersion = '1.0.0'): PluginCall {
  const interfaces = [{ name: 'cni0' }, { name: veth }, { name: 'eth0', sandbox: pod.path }];
  const prevResult = { cniVersion, interfaces, ips: [{ address: '10.1.0.2/24', interface: 2 }] };
  const common = { cniVersion, name: 'net', type: 'bandwidth', prevResult };
  return { verb, containerId: 'c1', netns: pod.path, ifName: 'eth0', conf: { ...common, ...conf } };
}

/** Calls bandwidth of a suite. */
export function call(host: Host, call: PluginCall, suite: Suite = OURS): Promise<PluginOutcome> {
  return callPlugin(host, `${suite.folder}/bandwidth`, { path: suite.folder, ...call });
}

/** Queues, filters and links through which packets are sent, one line per thing, without what is chosen by chance. */
export async function shapingOn(host: Host, veth: string): Promise<readonly string[]> {
  const script = [
    'tc -j -r qdisc show; echo',
    `tc -j filter show dev ${veth} parent ffff: 2>/dev/null || echo []; echo`,
    'ip -j -d link show type ifb; echo',
  ];
  const { stdout } = await host.run(['sh', '-c', script.join('\n')]);
  const [qdiscs = '[]', filters = '[]', links = '[]'] = stdout.split('\n').filter((line) => line.trim() !== '');
  const dropped = /^(?:ifindex|address|inet6_addr_gen_mode|refcnt|index|ref|bind|burst|lat|addr.*|g[rs]o.*|tso.*)$/;
  const steady = (key: string, value: unknown): unknown => (dropped.test(key) ? undefined : value);
  const lists = [qdiscs, filters, links].map((text) => JSON.parse(text, steady) as readonly object[]);
  return lists.flatMap((list) => list.map((one) => JSON.stringify(one))).filter((line) => line !== '{}');
}

/** Names of the links that were made for what pods send. */
export async function ifbsOn(host: Host): Promise<readonly string[]> {
  const links = JSON.parse(await host.ip('-j link show type ifb')) as readonly { ifname?: string }[];
  return links.flatMap(({ ifname }) => (ifname === undefined ? [] : [ifname]));
}
