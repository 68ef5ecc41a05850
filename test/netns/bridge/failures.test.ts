import { describe, expect, test } from 'vitest';
import { byDriver } from '../harness/drivers.ts';
import type { Pod } from '../harness/host.ts';
import { callPlugin, type PluginCall } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import { atEach, interfere, type Moment, momentsOf, shareOf } from './moments.ts';
import { attachmentOf, listOf, SHARED } from './support.ts';

const host = await useHost({ mayStay: SHARED });

const PLAIN = {};
const CONFS: readonly (readonly [title: string, conf: object])[] = [
  ['plain', PLAIN],
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

/**
 * What happens at a step: of the plain call at every step. The others do the same until their rules' turn comes, and so
 * are disturbed at every step since then, and before in turn: step 1 fails, step 2 is asked to end, and so on.
 */
const FATES = ['error=EIO', 'signal=SIGTERM', 'killed, then DEL', 'killed, then GC'] as const;

async function momentsFor(fate: (typeof FATES)[number], conf: object): Promise<readonly Moment[]> {
  const moments = await momentsOfAdd(conf);
  expect(moments.length).toBeGreaterThan(40);
  if (conf === PLAIN) return moments;
  return shareOf(FATES.indexOf(fate), FATES.length, moments, await momentsOfAdd(PLAIN));
}

describe.each(CONFS)('%s', (_, conf) => {
  test.each([
    ['that fails', 'error=EIO'],
    ['at which it is asked to end', 'signal=SIGTERM'],
  ] as const)('a step %s leaves nothing', async (_, what) => {
    await settle(conf);
    const moments = await momentsFor(what, conf);
    const pod = await host.addPod();
    let failed = 0;
    await atEach(host, moments, SHARED, async (moment) => {
      const outcome = await interfere(host, 'bridge', callOf('ADD', pod, conf), moment, what);
      // What is only a record, a note or a setting may fail; the pod is attached, and a DEL takes it down.
      const isGivenUp = outcome.exitCode === undefined || outcome.stdout === '';
      if (outcome.exitCode === 0 || isGivenUp) {
        expect((await callPlugin(host, 'bridge', callOf('DEL', pod, conf))).exitCode, moment.line).toBe(0);
      } else {
        failed += 1;
        expect(JSON.parse(outcome.stdout), moment.line).toHaveProperty('code');
      }
      return `${outcome.stdout}${outcome.stderr}`;
    });
    console.log(`${what}: ${failed} of ${moments.length} steps made ADD fail`);
    // A call that is asked to end just before it does may as well succeed.
    if (what === 'error=EIO') expect(failed).toBeGreaterThan(moments.length / byDriver({ native: 3, ip: 4 }));
  });

  test.each(['DEL', 'GC'] as const)('killed at any step, %s takes down what is there', async (verb) => {
    await settle(conf);
    const moments = await momentsFor(`killed, then ${verb}`, conf);
    const pod = await host.addPod();
    let killed = 0;
    await atEach(host, moments, SHARED, async (moment) => {
      const outcome = await interfere(host, 'bridge', callOf('ADD', pod, conf), moment, 'signal=SIGKILL');
      if (outcome.exitCode !== 0) killed += 1;
      const gc = { 'cni.dev/valid-attachments': [], 'cni.dev/attachments': [] };
      const call =
        verb === 'DEL' ? callOf('DEL', pod, conf) : { ...callOf('GC', pod, conf, '', gc), netns: '', ifName: '' };
      const cleaned = await callPlugin(host, 'bridge', call);
      expect(cleaned.exitCode, `${moment.line}\n${cleaned.stdout}`).toBe(0);
      return cleaned.stderr;
    });
    console.log(`killed at ${killed} of ${moments.length} steps`);
    expect(killed).toBeGreaterThan(moments.length * 0.8);
  });
});
