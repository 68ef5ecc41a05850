import { expect, test } from 'vitest';
import { DUAL } from '../bridge/cases.ts';
import { interfere, type Moment, momentsOf } from '../bridge/moments.ts';
import { attachmentOf, leasesOn, SHARED, vethsOn } from '../bridge/support.ts';
import { byDriver } from '../harness/drivers.ts';
import type { Pod } from '../harness/host.ts';
import { callPlugin, type PluginCall } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';

const host = await useHost({ mayStay: SHARED });

const CONF = { cniVersion: '1.1.0', name: 'net', type: 'ptp', ipam: DUAL };

function callOf(verb: string, pod: Pod, more: object = {}): PluginCall {
  return { verb, ...attachmentOf(pod, 'victim'), conf: { ...CONF, ...more } };
}

async function momentsOfAdd(pod: Pod): Promise<readonly Moment[]> {
  const moments = await momentsOf(host, 'ptp', callOf('ADD', pod));
  expect((await callPlugin(host, 'ptp', callOf('DEL', pod))).exitCode).toBe(0);
  return moments;
}

/** What a pod and its leases would leave; everything else is compared when the test is over. */
async function leftovers(pod: Pod): Promise<readonly string[]> {
  const inside = (await pod.ip('-o link show')).split('\n').filter((line) => line.includes('eth0'));
  return [...(await vethsOn(host)), ...(await leasesOn(host)), ...inside];
}

test.each([
  ['that fails', 'error=EIO', 2],
  // With all rules and at every step: test/netns/bridge/failures.test.ts.
  ['at which it is asked to end', 'signal=SIGTERM', 12],
] as const)('a step %s leaves nothing', async (_, what, every) => {
  const pod = await host.addPod();
  const all = await momentsOfAdd(pod);
  expect(all.length).toBeGreaterThan(40);
  const moments = all.filter((_, index) => index % every === 0);
  let failed = 0;
  for (const moment of moments) {
    const outcome = await interfere(host, 'ptp', callOf('ADD', pod), moment, what);
    // What is only a record, a note or a setting may fail; the pod is attached, and a DEL takes it down.
    const isGivenUp = outcome.exitCode === undefined || outcome.stdout === '';
    if (outcome.exitCode === 0 || isGivenUp) {
      expect((await callPlugin(host, 'ptp', callOf('DEL', pod))).exitCode, moment.line).toBe(0);
    } else {
      failed += 1;
      expect(JSON.parse(outcome.stdout), moment.line).toHaveProperty('code');
    }
    expect(await leftovers(pod), `${moment.line}\n${outcome.stdout}${outcome.stderr}`).toEqual([]);
  }
  // A call that is asked to end just before it does may as well succeed.
  if (what === 'error=EIO') expect(failed).toBeGreaterThan(moments.length / byDriver({ native: 3, ip: 4 }));
});

test('killed at every fourth step, DEL or GC takes down what is there', async () => {
  const pod = await host.addPod();
  const moments = (await momentsOfAdd(pod)).filter((_, index) => index % 4 === 0);
  let killed = 0;
  for (const [index, moment] of moments.entries()) {
    const outcome = await interfere(host, 'ptp', callOf('ADD', pod), moment, 'signal=SIGKILL');
    if (outcome.exitCode !== 0) killed += 1;
    const gc = { ...callOf('GC', pod, { 'cni.dev/valid-attachments': [] }), containerId: '', netns: '', ifName: '' };
    const cleaned = await callPlugin(host, 'ptp', index % 2 === 0 ? gc : callOf('DEL', pod));
    expect(cleaned.exitCode, `${moment.line}\n${cleaned.stdout}`).toBe(0);
    expect(await leftovers(pod), `${moment.line}\n${cleaned.stderr}`).toEqual([]);
  }
  expect(killed).toBeGreaterThan(moments.length * 0.8);
});
