import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ROOT } from '../../../scripts/lib/project.ts';
import { SHARED } from '../bridge/support.ts';
import { Runtime } from '../harness/libcni.ts';
import type { Place } from '../harness/place.ts';
import { useHost } from '../harness/use.ts';

const RATE = join(ROOT, 'test/netns/bandwidth/rate.pl');

const host = await useHost({ mayStay: SHARED });

/** A machine with too much to do lets a flow wait and then catch up: what most of these times show is its rate. */
const TIMES = 7;

/** Bits a second of one flow, once what it may send at once has passed. */
async function rateOf(from: Place, to: Place, address: string): Promise<number> {
  const receiver = to.start(['perl', RATE, 'receive', '5000', '300', String(TIMES), '250']);
  for (let waited = 0; !receiver.stdout().includes('ready'); waited += 5) {
    if (waited > 5000) throw new Error('nobody listens');
    await setTimeout(5);
  }
  const sender = await from.run(['perl', RATE, 'send', address, '5000']);
  expect(sender.stderr).toBe('');
  const rates = () => receiver.stdout().split('\n').slice(1, -1).map(Number);
  for (let waited = 0; rates().length < TIMES; waited += 5) {
    if (waited > 5000) throw new Error(`the flow was not measured: ${receiver.stdout()}`);
    await setTimeout(5);
  }
  await receiver.stop();
  return rates().toSorted((a, b) => a - b)[Math.floor(TIMES / 2)] ?? Number.NaN;
}

test('a container is held to its rates in both directions, and nobody else is', async () => {
  const ipam = { type: 'host-local', subnet: '10.1.0.0/24' };
  const rates = { ingressRate: 16_000_000, ingressBurst: 400_000, egressRate: 32_000_000, egressBurst: 400_000 };
  const bridge = { type: 'bridge', isGateway: true, ipam };
  const capable = { type: 'bandwidth', capabilities: { bandwidth: true } };
  const list = { cniVersion: '1.1.0', name: 'net', plugins: [bridge, capable] };
  const runtime = new Runtime(host);
  const pods = [];
  for (const [index, capabilities] of [{ bandwidth: rates }, {}, {}].entries()) {
    const pod = await host.addPod();
    const attachment = { containerId: `c${index}`, netns: pod.path, ifName: 'eth0', capabilities };
    const result = await runtime.add(list, attachment);
    pods.push({ pod, attachment, address: result?.ips?.[0]?.address.replace(/\/.*/, '') ?? '' });
  }
  const [slow, other, third] = pods;
  if (slow === undefined || other === undefined || third === undefined) throw new Error('there are three pods');
  const received = await rateOf(other.pod, slow.pod, slow.address);
  const sent = await rateOf(slow.pod, other.pod, other.address);
  const between = await rateOf(third.pod, other.pod, other.address);
  console.log(`received ${received}, sent ${sent}, others ${between} bits a second`);
  expect(received / rates.ingressRate).toBeGreaterThan(0.85);
  expect(received / rates.ingressRate).toBeLessThan(1.15);
  expect(sent / rates.egressRate).toBeGreaterThan(0.85);
  expect(sent / rates.egressRate).toBeLessThan(1.15);
  expect(between).toBeGreaterThan(10 * rates.egressRate);
  for (const { attachment } of pods) {
    await runtime.check(list, attachment);
    await runtime.delTwice(list, attachment);
  }
});
