import { expect, test } from 'vitest';
import { useHost } from '../netns/harness/use.ts';

// What this kernel has to have, since it is started for just that; the test machine's own may have none of it.
const host = await useHost({ purpose: 'kernel' });

test('links of every kind', async () => {
  const pod = await host.addPod();
  await pod.ip('link add name base type dummy');
  const kinds = [
    ['bridge', 'type bridge vlan_filtering 1'],
    ['vlan', 'link base type vlan id 5'],
    ['macvlan', 'link base type macvlan mode bridge'],
    ['vrf', 'type vrf table 10'],
    ['veth', 'type veth peer name other'],
    ['vxlan', 'type vxlan id 7 dstport 4789'],
    ['ifb', 'type ifb'],
  ] as const;
  for (const [kind, line] of kinds) await pod.ip(`link add name the-${kind} ${line}`);
  // A device cannot be under a macvlan and under an ipvlan at once.
  await pod.ip('link add name other-base type dummy');
  await pod.ip('link add name the-ipvlan link other-base type ipvlan mode l2');
  for (const kind of [...kinds.map(([kind]) => kind), 'ipvlan']) {
    const [link] = JSON.parse(await pod.ip(`-j -d link show dev the-${kind}`));
    expect(link.linkinfo.info_kind).toBe(kind);
  }
  const [bridge] = JSON.parse(await pod.ip('-j -d link show dev the-bridge'));
  expect(bridge.linkinfo.info_data.vlan_filtering).toBe(1);
});

test('bridged packets can be led past the filter rules', async () => {
  const pod = await host.addPod();
  await pod.ip('link add name b0 type bridge');
  expect(await pod.run(['modprobe', 'br_netfilter'])).toMatchObject({ exitCode: 0 });
  const { stdout } = await pod.run(['cat', '/proc/sys/net/bridge/bridge-nf-call-iptables']);
  expect(stdout).toBe('1\n');
});

test.each([
  ['nft', ['nft', 'add table inet t { chain c { type nat hook postrouting priority 100; masquerade; }; }']],
  ['iptables', ['iptables', '-w', '-t', 'nat', '-A', 'POSTROUTING', '-s', '10.0.0.0/8', '-j', 'MASQUERADE']],
  [
    'iptables-legacy',
    ['iptables-legacy', '-w', '-t', 'nat', '-A', 'POSTROUTING', '-m', 'comment', '--comment', 'c', '-j', 'MASQUERADE'],
  ],
])('filter rules by %s', async (_program, argv) => {
  const pod = await host.addPod();
  expect(await pod.run(argv)).toMatchObject({ exitCode: 0, stderr: '' });
});
