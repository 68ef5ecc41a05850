import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { referenceSuite } from '../bridge/suites.ts';
import { connect } from '../harness/connect.ts';
import { createHost, type Host, type Pod } from '../harness/host.ts';
import { Runtime } from '../harness/libcni.ts';
import type { Conflist } from '../harness/libcni-conf.ts';
import type { Place } from '../harness/place.ts';
import { BUILT_PLUGINS } from '../harness/plugin.ts';

const { folder: REFERENCE } = await referenceSuite();

let node: Host;
let outside: Host;

beforeAll(async () => {
  [node, outside] = await Promise.all([createHost('node'), createHost('outside')]);
  await connect(
    { host: node, link: 'eth0', addresses: ['192.0.2.1/24'] },
    { host: outside, link: 'eth0', addresses: ['192.0.2.2/24'] },
  );
  await outside.ip('route add 10.0.0.0/8 via 192.0.2.1');
});

afterAll(async () => {
  await Promise.all([node, outside].map((host) => host.dispose()));
});

function listFor(net: number, firewall: object): Conflist {
  const ipam = { type: 'host-local', subnet: `10.${net}.0.0/24`, routes: [{ dst: '0.0.0.0/0' }] };
  return {
    cniVersion: '1.0.0',
    name: `net${net}`,
    plugins: [
      { type: 'bridge', bridge: `br${net}`, isGateway: true, ipam },
      { type: 'firewall', ...firewall },
    ],
  };
}

async function reaches(from: Place, address: string): Promise<boolean> {
  return (await from.run(['ping', '-c1', '-W1', address])).exitCode === 0;
}

/** Who reaches whom of two pods on a first bridge, one on a second, and a machine outside. */
async function whoReachesWhom(folder: string, first: object, second: object, policy = 'DROP') {
  const runtime = new Runtime(node, [folder]);
  // What a firewall without a rule for them would do to packets.
  await node.run(['iptables', '-P', 'FORWARD', policy]);
  const lists = [listFor(1, first), listFor(1, first), listFor(2, second)];
  const pods: Pod[] = [];
  const addresses: string[] = [];
  try {
    for (const [index, list] of lists.entries()) {
      const pod = await node.addPod();
      pods.push(pod);
      const result = await runtime.add(list, { containerId: `c${index}`, netns: pod.path, ifName: 'eth0' });
      addresses.push((result?.ips?.[0]?.address ?? '').replace(/\/.*/, ''));
      await runtime.check(list, { containerId: `c${index}`, netns: pod.path, ifName: 'eth0' });
    }
    const [a, b, c] = pods;
    const [toA = '', toB = '', toC = ''] = addresses;
    if (a === undefined || b === undefined || c === undefined) throw new Error('no pods');
    const [within, forth, back, out, inward] = await Promise.all([
      reaches(a, toB),
      reaches(a, toC),
      reaches(c, toA),
      reaches(a, '192.0.2.2'),
      reaches(outside, toA),
    ]);
    return { within, forth, back, out, inward };
  } finally {
    for (const [index, list] of lists.entries()) {
      const pod = pods[index];
      if (pod === undefined) continue;
      await runtime.del(list, { containerId: `c${index}`, netns: pod.path, ifName: 'eth0' });
      await pod.remove();
    }
    await node.run([
      'sh',
      '-c',
      'iptables -P FORWARD ACCEPT; iptables -F; iptables -X; nft delete table inet cni_firewall',
    ]);
    for (const bridge of ['br1', 'br2']) await node.run(['ip', 'link', 'del', 'dev', bridge]);
  }
}

describe.each<[string, string, string]>([
  ['nobody', 'open', 'open'],
  ['two bridges', 'same-bridge', 'same-bridge'],
  ['an isolated and another', 'isolated', 'same-bridge'],
  ['two isolated', 'isolated', 'isolated'],
  ['one of two', 'same-bridge', 'open'],
])('%s kept apart', (_, one, other) => {
  const [first, second] = [{ ingressPolicy: one }, { ingressPolicy: other }];

  test('iptables: as the reference', async () => {
    const theirs = await whoReachesWhom(REFERENCE, first, second);
    expect(await whoReachesWhom(BUILT_PLUGINS, first, second)).toEqual(theirs);
    expect(theirs).toMatchObject({ within: one !== 'isolated', out: true });
    expect(theirs.forth).toBe(one === 'open' || other === 'open');
  });

  test('nftables: the same packets are dropped', async () => {
    const theirs = await whoReachesWhom(REFERENCE, first, second, 'ACCEPT');
    const nft = { backend: 'nftables' };
    expect(await whoReachesWhom(BUILT_PLUGINS, { ...first, ...nft }, { ...second, ...nft }, 'ACCEPT')).toEqual(theirs);
  });
});
