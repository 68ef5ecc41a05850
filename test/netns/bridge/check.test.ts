import { expect, test } from 'vitest';
import { NATIVE } from '../harness/drivers.ts';
import type { Host, Pod } from '../harness/host.ts';
import { ChainError, Runtime } from '../harness/libcni.ts';
import { callPlugin } from '../harness/plugin.ts';
import { processesOf } from '../harness/traced.ts';
import { useHost } from '../harness/use.ts';
import { DUAL } from './cases.ts';
import { attachmentOf, listOf, SHARED, vethsOn } from './support.ts';

const host = await useHost({ mayStay: SHARED });

/** Something that came about after ADD, and what CHECK has to say about it; nothing when it is nobody's business. */
interface Drift {
  readonly title: string;
  readonly conf?: object;
  readonly drift: (host: Host, pod: Pod, veth: string) => Promise<unknown>;
  readonly says: readonly RegExp[];
}

const DRIFTS: readonly Drift[] = [
  { title: 'nothing', drift: async () => {}, says: [] },
  {
    title: "udev gave the host's end another MAC",
    drift: (at, _, veth) => at.ip(`link set dev ${veth} address 02:00:00:00:00:77`),
    says: [],
  },
  { title: 'somebody listens on the bridge', drift: (at) => at.ip('link set dev cni0 promisc on'), says: [] },
  { title: 'an address more', drift: (_, pod) => pod.ip('addr add 10.77.0.1/24 dev eth0'), says: [] },
  {
    title: 'an address less',
    drift: (_, pod) => pod.ip('addr flush dev eth0 scope global'),
    says: [/Failed to match addr 10\.1\.0\.\d+\/24 on interface eth0: it has none/, /Failed to match addr fd00:1::/],
  },
  {
    title: 'a route less',
    drift: (_, pod) => pod.ip('route del default'),
    says: [/^Expected Route 0\.0\.0\.0\/0 not found in routing table/],
  },
  {
    title: 'a route in a table of its own',
    drift: async (_, pod) => {
      await pod.ip('route add default via 10.1.0.1 dev eth0 table 100');
      await pod.ip('route del default');
    },
    says: [],
  },
  {
    title: 'the network is not routed',
    drift: async (_, pod) => {
      await pod.ip('route del default');
      await pod.ip('route del 10.1.0.0/24 dev eth0');
    },
    says: [/no route to the network of 10\.1\.0\./, /Expected Route 0\.0\.0\.0\/0/],
  },
  {
    title: 'another MAC in the pod',
    drift: (_, pod) => pod.ip('link set dev eth0 address 02:00:00:00:00:78'),
    says: [/^Interface eth0 Mac .* doesn't match container Mac: 02:00:00:00:00:78/],
  },
  {
    title: "the pod's end is down",
    drift: (_, pod) => pod.ip('link set dev eth0 down'),
    says: [/interface eth0 is down/, /bridge port in error state/],
  },
  {
    title: "the pod's end is gone",
    drift: (_, pod) => pod.ip('link del dev eth0'),
    says: [/Interface eth0 not found in/],
  },
  {
    title: 'another kind of link',
    drift: async (_, pod) => {
      await pod.ip('link del dev eth0');
      await pod.ip('link add name eth0 type bridge');
    },
    says: [/Error: Container interface eth0 not of type veth/],
  },
  {
    title: 'the port left the bridge',
    drift: (at, _, veth) => at.ip(`link set dev ${veth} nomaster`),
    says: [/CNI veth created for bridge cni0 was not found: veth\w+ is in no bridge/],
  },
  {
    title: 'the bridge is gone',
    drift: (at) => at.ip('link del dev cni0'),
    says: [
      /Interface name cni0 not found/,
      /CNI veth created for bridge cni0 was not found/,
      /cni0 lacks the gateway's address 10\.1\.0\.1\/24: it has none/,
    ],
  },
  { title: 'the bridge is down', drift: (at) => at.ip('link set dev cni0 down'), says: [/bridge cni0 is down/] },
  {
    title: 'the bridge has another MAC',
    drift: (at) => at.ip('link set dev cni0 address 02:00:00:00:00:79'),
    says: [/Bridge interface cni0 Mac doesn't match: .*, it has 02:00:00:00:00:79/],
  },
  {
    title: 'the bridge has another address',
    drift: async (at) => {
      await at.ip('addr del 10.1.0.1/24 dev cni0');
      await at.ip('addr add 10.55.0.1/24 dev cni0');
    },
    says: [/cni0 lacks the gateway's address 10\.1\.0\.1\/24: it has .*10\.55\.0\.1\/24/],
  },
  {
    title: 'forwarding is off',
    drift: (at) => at.run(['sysctl', '-qw', 'net.ipv4.ip_forward=0', 'net.ipv6.conf.all.forwarding=0']),
    says: [/forwarding is off: net\/ipv4\/ip_forward/, /forwarding is off: net\/ipv6/],
  },
  {
    title: 'hairpin was switched off',
    conf: { hairpinMode: true },
    drift: (at, _, veth) => at.ip(`link set dev ${veth} type bridge_slave hairpin off`),
    says: [/hairpin mode of veth\w+ is off, expected on/],
  },
  {
    title: 'hairpin was switched on',
    drift: (at, _, veth) => at.ip(`link set dev ${veth} type bridge_slave hairpin on`),
    says: [/hairpin mode of veth\w+ is on, expected off/],
  },
  {
    title: 'isolation was switched off',
    conf: { portIsolation: true },
    drift: (at, _, veth) => at.ip(`link set dev ${veth} type bridge_slave isolated off`),
    says: [/isolation of veth\w+ is off, expected on/],
  },
  {
    title: 'the bridge is not promiscuous',
    conf: { promiscMode: true },
    drift: (at) => at.ip('link set dev cni0 promisc off'),
    says: [/Bridge interface cni0 configured Promisc Mode true doesn't match current state: false/],
  },
  {
    title: 'rules of iptables were flushed',
    conf: { ipMasq: true, ipMasqBackend: 'iptables' },
    drift: (at) => at.run(['iptables', '-t', 'nat', '-F']),
    says: [/./],
  },
  {
    title: 'rules of ip6tables were flushed',
    conf: { ipMasq: true, ipMasqBackend: 'iptables' },
    drift: (at) => at.run(['ip6tables', '-t', 'nat', '-F', 'POSTROUTING']),
    says: [/./],
  },
  {
    title: 'rules of nftables were flushed',
    conf: { ipMasq: true, ipMasqBackend: 'nftables' },
    drift: (at) => at.run(['nft', 'flush', 'chain', 'inet', 'cni_plugins_masquerade', 'masq_checks']),
    says: [/./],
  },
  {
    title: 'the spoof check was flushed',
    conf: { macspoofchk: true },
    drift: (at) => at.run(['nft', 'flush', 'chain', 'bridge', 'nat', 'PREROUTING']),
    says: [/./],
  },
  { title: 'rules are as they were', conf: { ipMasq: true, macspoofchk: true }, drift: async () => {}, says: [] },
];

for (const { title, conf, drift, says } of DRIFTS) {
  test(`CHECK: ${title}`, async () => {
    const pod = await host.addPod();
    const runtime = new Runtime(host);
    const list = listOf({ ipam: DUAL, ...conf });
    const attachment = attachmentOf(pod);
    await runtime.add(list, attachment);
    const [veth = ''] = await vethsOn(host);
    await runtime.check(list, attachment);
    await drift(host, pod, veth);
    const said = await runtime.check(list, attachment).catch((thrown: unknown) => thrown);
    if (says.length === 0) expect(said).toBeUndefined();
    else {
      expect(said).toBeInstanceOf(ChainError);
      const { msg = '', details = '' } = (said as ChainError).outcome.error ?? {};
      for (const pattern of says) expect(`${msg}; ${details}`).toMatch(pattern);
      expect(details).toContain('DEL and ADD put it right');
    }
    await runtime.delTwice(list, attachment);
    await host.run(['sh', '-c', 'ip link set dev cni0 promisc off; ip addr del 10.55.0.1/24 dev cni0; true']);
    if (title.includes('of another kind') || title === 'another kind of link') await pod.ip('link del dev eth0');
  });
}

test('the namespace of the result is another one', async () => {
  const [pod, other] = [await host.addPod(), await host.addPod()];
  const runtime = new Runtime(host);
  await runtime.add(listOf(), attachmentOf(pod));
  const said = await runtime
    .check(listOf(), { ...attachmentOf(pod), netns: other.path })
    .catch((thrown: unknown) => thrown);
  expect((said as ChainError).outcome.error?.msg).toBe(
    `Sandbox in prevResult ${pod.path} doesn't match configured netns: ${other.path}`,
  );
  await runtime.del(listOf(), attachmentOf(pod));
});

test.each(['iptables', 'nftables'])(
  'rules of %s that are as they were made are seen without a program',
  async (backend) => {
    const pod = await host.addPod();
    const conf = { isGateway: true, ipMasq: true, ipMasqBackend: backend, ipam: DUAL };
    const call = { ...attachmentOf(pod), conf: { cniVersion: '1.0.0', name: 'net', type: 'bridge', ...conf } };
    const added = await callPlugin(host, 'bridge', { verb: 'ADD', ...call });
    const look = { verb: 'CHECK', ...call, env: NATIVE, conf: { ...call.conf, prevResult: added.result } };
    expect(await processesOf(host, look, 'bridge')).toEqual([]);
    expect((await callPlugin(host, 'bridge', look)).error).toBe(undefined);
    await callPlugin(host, 'bridge', { verb: 'DEL', ...call });
  },
);
