import { describe, expect, test } from 'vitest';
import type { Host, Pod } from '../harness/host.ts';
import { callPlugin, type PluginCall } from '../harness/plugin.ts';
import { expectRestored, takeSnapshot } from '../harness/snapshot.ts';
import { useHost } from '../harness/use.ts';
import { interfere, type Moment, momentsOf } from './moments.ts';
import { attachmentOf, listOf, SHARED } from './support.ts';

const host = await useHost({ mayStay: SHARED });

const CONFS: readonly (readonly [title: string, conf: object])[] = [
  ['plain', {}],
  ['masquerade by iptables', { ipMasq: true, ipMasqBackend: 'iptables' }],
  ['masquerade by nftables, spoof check', { ipMasq: true, ipMasqBackend: 'nftables', macspoofchk: true }],
];

/** The bridge and its rules' tables are there before, so that nothing may come or go. */
async function settle(conf: object): Promise<void> {
  const pod = await host.addPod();
  expect((await callPlugin(host, 'bridge', callOf('ADD', pod, conf, 'first'))).exitCode).toBe(0);
  expect((await callPlugin(host, 'bridge', callOf('DEL', pod, conf, 'first'))).exitCode).toBe(0);
  await pod.remove();
}

function callOf(verb: string, pod: Pod, conf: object, containerId = 'victim', more: object = {}): PluginCall {
  const [plugin] = listOf(conf).plugins;
  const attachment = attachmentOf(pod, containerId);
  return { verb, ...attachment, conf: { ...plugin, cniVersion: '1.1.0', name: 'net', ...more } };
}

/** Every moment of an ADD, found out on a pod of its own. */
async function momentsOfAdd(conf: object): Promise<readonly Moment[]> {
  const pod = await host.addPod();
  const moments = await momentsOf(host, 'bridge', callOf('ADD', pod, conf));
  expect((await callPlugin(host, 'bridge', callOf('DEL', pod, conf))).exitCode).toBe(0);
  await pod.remove();
  return moments;
}

describe.each(CONFS)('%s', (_, conf) => {
  test.each([
    ['that fails', 'error=EIO'],
    ['at which it is asked to end', 'signal=SIGTERM'],
  ])('a step %s leaves nothing', async (_, what) => {
    await settle(conf);
    const moments = await momentsOfAdd(conf);
    expect(moments.length).toBeGreaterThan(40);
    let failed = 0;
    for (const moment of moments) {
      const pod = await host.addPod();
      const before = await settledSnapshot(host);
      const outcome = await interfere(host, 'bridge', callOf('ADD', pod, conf), moment, what);
      // What is only a record, a note or a setting may fail; the pod is attached, and a DEL takes it down.
      const isGivenUp = outcome.exitCode === undefined || outcome.stdout === '';
      if (outcome.exitCode === 0 || isGivenUp) {
        expect((await callPlugin(host, 'bridge', callOf('DEL', pod, conf))).exitCode, moment.line).toBe(0);
      } else {
        failed += 1;
        expect(JSON.parse(outcome.stdout), moment.line).toHaveProperty('code');
      }
      await expectRestored(host, before, { ignore: SHARED }).catch((thrown: unknown) => {
        throw new Error(`${moment.line}\n${outcome.stdout}${outcome.stderr}\n${String(thrown)}`);
      });
      await pod.remove();
    }
    console.log(`${what}: ${failed} of ${moments.length} steps made ADD fail`);
    // A call that is asked to end just before it does may as well succeed.
    if (what === 'error=EIO') expect(failed).toBeGreaterThan(moments.length / 3);
  });

  test.each(['DEL', 'GC'])('killed at any step, %s takes down what is there', async (verb) => {
    await settle(conf);
    const moments = await momentsOfAdd(conf);
    let killed = 0;
    for (const moment of moments) {
      const pod = await host.addPod();
      const before = await settledSnapshot(host);
      const outcome = await interfere(host, 'bridge', callOf('ADD', pod, conf), moment, 'signal=SIGKILL');
      if (outcome.exitCode !== 0) killed += 1;
      const gc = { 'cni.dev/valid-attachments': [], 'cni.dev/attachments': [] };
      const call =
        verb === 'DEL' ? callOf('DEL', pod, conf) : { ...callOf('GC', pod, conf, '', gc), netns: '', ifName: '' };
      const cleaned = await callPlugin(host, 'bridge', call);
      expect(cleaned.exitCode, `${moment.line}\n${cleaned.stdout}`).toBe(0);
      await expectRestored(host, before, { ignore: SHARED }).catch((thrown: unknown) => {
        throw new Error(`${moment.line}\n${cleaned.stderr}\n${String(thrown)}`);
      });
      await pod.remove();
    }
    console.log(`killed at ${killed} of ${moments.length} steps`);
    expect(killed).toBeGreaterThan(moments.length * 0.8);
  });
});

function settledSnapshot(at: Host) {
  return takeSnapshot(at, { ignore: SHARED });
}
