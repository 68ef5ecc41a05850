import { OURS, type Suite } from '../bridge/suites.ts';
import type { Host, Pod } from '../harness/host.ts';
import type { Place } from '../harness/place.ts';
import { callPlugin, type PluginCall, type PluginOutcome } from '../harness/plugin.ts';

/** What a pod's interfaces have before sbr comes: two of them, with routes of all kinds. */
const ROUTES = `
addr add 10.0.0.5/24 dev eth0
addr add fd00::5/64 dev eth0 nodad
addr add 10.1.0.5/24 dev eth1
route add default via 10.0.0.1 dev eth0
route add default via 10.1.0.1 dev eth1 metric 20
route add 10.9.0.0/16 via 10.0.0.1 dev eth0 metric 7 mtu 1400
route add 10.8.0.0/16 dev eth0
route add 10.7.0.0/16 dev eth0 src 10.0.0.5
route add 10.6.0.0/16 via 192.0.2.1 dev eth0 onlink
route add fd09::/64 via fd00::1 dev eth0
route add fd08::/64 dev eth0 metric 5
`;

/** A pod with two interfaces; `more` are further commands of ip, a line each. */
export async function routedPod(host: Host, more = ''): Promise<Pod> {
  const pod = await host.addPod();
  const links = [0, 1].flatMap((index) => [
    `link add name eth${index} address 02:00:00:00:00:0${index} type veth peer name p${index}`,
    `link set dev p${index} addrgenmode none up`,
    `link set dev eth${index} addrgenmode none up`,
  ]);
  const stdin = [...links, ROUTES, more].join('\n');
  const { exitCode, stderr } = await pod.run(['ip', '-batch', '-'], { stdin });
  if (exitCode !== 0) throw new Error(stderr);
  return pod;
}

/** A call about a pod's interface; the result before has its addresses. */
export function callOf(verb: string, pod: Pod, conf: object = {}, cniVersion = '1.0.0'): PluginCall {
  const ips = [
    { address: '10.0.0.5/24', gateway: '10.0.0.1', interface: 1 },
    { address: 'fd00::5/64', gateway: 'fd00::1', interface: 1 },
  ];
  const old = { ip4: { ip: '10.0.0.5/24', gateway: '10.0.0.1' }, ip6: { ip: 'fd00::5/64', gateway: 'fd00::1' } };
  const interfaces = [{ name: 'vh' }, { name: 'eth0', sandbox: pod.path }];
  const family = /^0\.[34]/.test(cniVersion)
    ? ips.map((ip) => ({ version: ip.address.includes(':') ? '6' : '4', ...ip }))
    : ips;
  const prevResult = { cniVersion, ...(/^0\.[12]/.test(cniVersion) ? old : { interfaces, ips: family }) };
  const common = { cniVersion, name: 'net', type: 'sbr', prevResult };
  return { verb, containerId: 'c1', netns: pod.path, ifName: 'eth0', conf: { ...common, ...conf } };
}

/** Calls sbr of a suite. */
export function call(host: Host, call: PluginCall, suite: Suite = OURS): Promise<PluginOutcome> {
  return callPlugin(host, `${suite.folder}/sbr`, { path: suite.folder, ...call });
}

/** Rules and routes of all tables but the kernel's own, a line each. */
export async function routingOf(place: Place): Promise<readonly string[]> {
  const script = ['-4', '-6'].flatMap((family) => [
    `ip -j ${family} rule show | sed 's/^/rule /'`,
    `ip -j ${family} route show table all 2>/dev/null`,
    'echo',
  ]);
  const { stdout } = await place.run(['sh', '-c', script.join('\n')]);
  const lines = stdout.split('\n').filter((line) => line.trim() !== '');
  return lines
    .flatMap((line) => {
      const text = line.replace(/^rule /, '');
      const kind = line === text ? 'route' : 'rule';
      return (JSON.parse(text) as readonly { table?: string }[])
        .filter(({ table }) => kind === 'rule' || table !== 'local')
        .map((one) => `${kind} ${JSON.stringify(one)}`);
    })
    .sort();
}
