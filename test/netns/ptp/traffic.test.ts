import { afterAll, beforeAll, expect, test } from 'vitest';
import { DUAL } from '../bridge/cases.ts';
import { attachmentOf } from '../bridge/support.ts';
import { connect } from '../harness/connect.ts';
import { ask, serve } from '../harness/exchange.ts';
import { createHost, type Host } from '../harness/host.ts';
import { Runtime } from '../harness/libcni.ts';
import type { Place } from '../harness/place.ts';

let node: Host;
let outside: Host;

beforeAll(async () => {
  [node, outside] = await Promise.all([createHost('node'), createHost('outside')]);
  await connect(
    { host: node, link: 'eth0', addresses: ['192.0.2.1/24', '2001:db8::1/64'] },
    { host: outside, link: 'eth0', addresses: ['192.0.2.2/24', '2001:db8::2/64'] },
  );
  // What is forwarded over a new cable waits for the node to know who is there.
  await node.run(['ping', '-c1', '-W10', '2001:db8::2']);
});

afterAll(async () => {
  await Promise.all([node, outside].map((host) => host.dispose()));
});

/** Whether one echo comes back within a second. */
async function reaches(from: Place, address: string): Promise<boolean> {
  return (await from.run(['ping', '-c1', '-W1', address])).exitCode === 0;
}

test.each(['iptables', 'nftables'])(
  'between pods, with the host, and outside through a masquerade by %s',
  async (ipMasqBackend) => {
    const list = {
      cniVersion: '1.0.0',
      name: 'net',
      plugins: [{ type: 'ptp', ipMasq: true, ipMasqBackend, ipam: DUAL }],
    };
    const runtime = new Runtime(node);
    const pods = await Promise.all([node.addPod(), node.addPod()]);
    const addresses: (readonly string[])[] = [];
    const started = performance.now();
    for (const pod of pods) {
      const result = await runtime.add(list, attachmentOf(pod, pod.name));
      addresses.push((result?.ips ?? []).map(({ address }) => address.replace(/\/.*/, '')));
    }
    // The reference waits two seconds for each.
    expect(performance.now() - started).toBeLessThan(2000);
    const [a] = pods;
    const [, [ipv4 = '', ipv6 = ''] = []] = addresses;
    // At once and one only: nothing may have to be learnt, waited for or tried again.
    for (const address of [ipv4, ipv6, '10.1.0.1', 'fd00:1::1', '192.0.2.2', '2001:db8::2']) {
      expect(await reaches(a, address), address).toBe(true);
    }
    for (const address of addresses.flat()) expect(await reaches(node, address), address).toBe(true);
    const servers = await Promise.all([serve(outside, 'tcp', 8080, 'outside'), serve(pods[1], 'tcp', 8080, 'pod')]);
    try {
      const seen = (address: string) => ask(a, { protocol: 'tcp', address, port: 8080 });
      expect(await seen('192.0.2.2')).toBe('outside 192.0.2.1');
      expect(await seen('2001:db8::2')).toBe('outside 2001:db8::1');
      expect(await seen(ipv4)).toBe(`pod ${addresses[0]?.[0]}`);
      expect(await seen(ipv6)).toBe(`pod ${addresses[0]?.[1]}`);
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
      for (const pod of pods) await runtime.del(list, attachmentOf(pod, pod.name));
      await Promise.all(pods.map((pod) => pod.remove()));
    }
  },
);
