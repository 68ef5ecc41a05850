import { afterAll, beforeAll, expect, test } from 'vitest';
import { interfere, type Moment, momentsOf } from '../bridge/moments.ts';
import { attachmentOf, leasesOn } from '../bridge/support.ts';
import { byDriver } from '../harness/drivers.ts';
import type { Pod } from '../harness/host.ts';
import { callPlugin, type PluginCall } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import { MAY_STAY, plugLan, unplugLan } from './support.ts';

const host = await useHost({ mayStay: MAY_STAY });

beforeAll(() => plugLan(host));
afterAll(() => unplugLan(host));

const IPAM = { type: 'host-local', subnet: '10.1.0.0/24', routes: [{ dst: '0.0.0.0/0' }] };

function callOf(verb: string, pod: Pod): PluginCall {
  const conf = { cniVersion: '1.1.0', name: 'net', type: 'macvlan', master: 'lan0', ipam: IPAM };
  return { verb, ...attachmentOf(pod, 'victim'), conf };
}

async function momentsOfAdd(pod: Pod): Promise<readonly Moment[]> {
  const moments = await momentsOf(host, 'macvlan', callOf('ADD', pod));
  expect((await callPlugin(host, 'macvlan', callOf('DEL', pod))).exitCode).toBe(0);
  expect(moments.length).toBeGreaterThan(30);
  return moments;
}

/** What is left in the pod and of its leases; everything else is compared when the test is over. */
async function leftovers(pod: Pod): Promise<readonly string[]> {
  const links = JSON.parse(await pod.ip('-j link show')) as readonly { readonly ifname?: string }[];
  const names = links.flatMap(({ ifname = 'lo' }) => (ifname === 'lo' ? [] : [ifname]));
  return [...names, ...(await leasesOn(host))];
}

test.each([
  ['that fails', 'error=EIO', 2],
  ['at which it is asked to end', 'signal=SIGTERM', 8],
] as const)('a step %s leaves nothing', async (_, what, every) => {
  const pod = await host.addPod();
  let failed = 0;
  const moments = (await momentsOfAdd(pod)).filter((_, index) => index % every === 0);
  for (const moment of moments) {
    const outcome = await interfere(host, 'macvlan', callOf('ADD', pod), moment, what);
    // What is only a record, a note or a setting may fail; the pod is attached, and a DEL takes it down.
    if (outcome.exitCode === 0 || outcome.exitCode === undefined || outcome.stdout === '') {
      expect((await callPlugin(host, 'macvlan', callOf('DEL', pod))).exitCode, moment.line).toBe(0);
    } else failed += 1;
    expect(await leftovers(pod), `${moment.line}\n${outcome.stdout}${outcome.stderr}`).toEqual([]);
  }
  // A call that is asked to end just before it does may as well succeed.
  if (what === 'error=EIO') expect(failed).toBeGreaterThan(moments.length / byDriver({ native: 3, ip: 4 }));
});

test('killed anywhere, DEL takes down what is there', async () => {
  const pod = await host.addPod();
  let killed = 0;
  const moments = (await momentsOfAdd(pod)).filter((_, index) => index % 3 === 0);
  for (const moment of moments) {
    const outcome = await interfere(host, 'macvlan', callOf('ADD', pod), moment, 'signal=SIGKILL');
    if (outcome.exitCode !== 0) killed += 1;
    const cleaned = await callPlugin(host, 'macvlan', callOf('DEL', pod));
    expect(cleaned.exitCode, `${moment.line}\n${cleaned.stdout}`).toBe(0);
    expect(await leftovers(pod), `${moment.line}\n${cleaned.stderr}`).toEqual([]);
  }
  expect(killed).toBeGreaterThan(moments.length * 0.8);
});

test.each([
  [
    'GC',
    (pod: Pod): PluginCall => ({
      verb: 'GC',
      conf: { ...Object(callOf('GC', pod).conf), 'cni.dev/valid-attachments': [] },
    }),
  ],
  ['DEL that names no namespace', (pod: Pod): PluginCall => ({ ...callOf('DEL', pod), netns: '' })],
])('killed before the link has its name, %s takes it out of a container that goes on', async (_, cleaning) => {
  const pod = await host.addPod();
  const all = await momentsOfAdd(pod);
  // Until the first address is written there is the link alone.
  const moments = all.slice(
    0,
    all.findIndex(({ line }) => line.includes('/var/lib/cni')),
  );
  let named = 0;
  let unnamed = 0;
  for (const moment of moments.filter(({ call }) => call === 'setns' || call === 'sendto')) {
    await interfere(host, 'macvlan', callOf('ADD', pod), moment, 'signal=SIGKILL');
    for (const name of await leftovers(pod)) {
      if (name === 'eth0') named += 1;
      else unnamed += 1;
    }
    expect((await callPlugin(host, 'macvlan', cleaning(pod))).error, moment.line).toBe(undefined);
    expect(await leftovers(pod), moment.line).toEqual([]);
  }
  expect([named > 0, unnamed > 0]).toEqual([true, true]);
});
