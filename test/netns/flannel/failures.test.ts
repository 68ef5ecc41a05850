import { describe, expect, test } from 'vitest';
import { atEach, interfere, type Moment, momentsOf, shareOf } from '../bridge/moments.ts';
import { attachmentOf, vethsOn } from '../bridge/support.ts';
import { byDriver } from '../harness/drivers.ts';
import type { Pod } from '../harness/host.ts';
import { callPlugin, type PluginCall } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import { flannelList, NODE, STAYS, storedOn, writeSubnets } from './support.ts';

const host = await useHost({ mayStay: STAYS });

function callOf(verb: string, pod: Pod, more: object = {}): PluginCall {
  const conf = { ...flannelList().plugins[0], cniVersion: '1.1.0', name: 'cbr0', ...more };
  return { verb, ...attachmentOf(pod, 'victim'), conf };
}

async function momentsOfAdd(masquerades = true): Promise<readonly Moment[]> {
  writeSubnets(host, { ...NODE, masquerades });
  const pod = await host.addPod();
  // The bridge, the stores and the tables are there from now on.
  expect((await callPlugin(host, 'flannel', callOf('ADD', pod))).error).toBeUndefined();
  expect((await callPlugin(host, 'flannel', callOf('DEL', pod))).error).toBeUndefined();
  const moments = await momentsOf(host, 'flannel', callOf('ADD', pod));
  expect((await callPlugin(host, 'flannel', callOf('DEL', pod))).error).toBeUndefined();
  await pod.remove();
  expect(moments.length).toBeGreaterThan(40);
  return moments;
}

/**
 * What happens at a step: with flanneld's masquerading at every step. With bridge's, of which only the rules are
 * different, at every step since their turn came, and before in turn: step 1 fails, step 2 is asked to end, and so on.
 */
const FATES = ['error=EIO', 'signal=SIGTERM', 'killed, then DEL', 'killed, then GC'] as const;

async function momentsFor(fate: (typeof FATES)[number], masquerades: boolean): Promise<readonly Moment[]> {
  const known = await momentsOfAdd();
  if (masquerades) return known;
  return shareOf(FATES.indexOf(fate), FATES.length, await momentsOfAdd(masquerades), known);
}

describe.each([
  ['flanneld masquerades', true],
  ['bridge masquerades', false],
])('%s', (_, masquerades) => {
  test.each([
    ['that fails', 'error=EIO'],
    ['at which it is asked to end', 'signal=SIGTERM'],
  ] as const)('a step %s leaves nothing', async (_, what) => {
    const moments = await momentsFor(what, masquerades);
    const pod = await host.addPod();
    let failed = 0;
    await atEach(host, moments, STAYS, async (moment) => {
      const outcome = await interfere(host, 'flannel', callOf('ADD', pod), moment, what);
      // Ended before it listened, it leaves what the runtime's DEL finds; else it says what was wrong.
      const isGivenUp = outcome.exitCode === undefined || outcome.stdout === '';
      if (outcome.exitCode === 0 || isGivenUp) {
        expect((await callPlugin(host, 'flannel', callOf('DEL', pod))).exitCode, moment.line).toBe(0);
      } else {
        failed += 1;
        expect(JSON.parse(outcome.stdout), moment.line).toHaveProperty('code');
      }
      return `${outcome.stdout}${outcome.stderr}`;
    });
    console.log(`${what}: ${failed} of ${moments.length} steps made ADD fail`);
    if (what === 'error=EIO') expect(failed).toBeGreaterThan(moments.length / byDriver({ native: 3, ip: 4 }));
  });

  test.each([
    ['DEL', 'GC'],
    ['GC', 'DEL'],
  ] as const)('killed at any step, %s takes down what is there, and %s has nothing left to do', async (verb, other) => {
    const moments = await momentsFor(`killed, then ${verb}`, masquerades);
    const pod = await host.addPod();
    const takeDown = async (by: 'DEL' | 'GC', after: string): Promise<string> => {
      const { conf = {} } = callOf(by, pod, { 'cni.dev/valid-attachments': [] });
      const cleaned = await callPlugin(host, 'flannel', by === 'DEL' ? callOf('DEL', pod) : { verb: 'GC', conf });
      expect(cleaned.exitCode, `${after}\n${cleaned.stdout}`).toBe(0);
      return cleaned.stderr;
    };
    let killed = 0;
    await atEach(host, moments, STAYS, async (moment) => {
      const outcome = await interfere(host, 'flannel', callOf('ADD', pod), moment, 'signal=SIGKILL');
      if (outcome.exitCode !== 0) killed += 1;
      return takeDown(verb, moment.line);
    });
    // Whichever step it was, the host is the same now; that this changes nothing is seen when the test is over.
    await takeDown(other, 'the last step');
    console.log(`killed at ${killed} of ${moments.length} steps`);
    expect(killed).toBeGreaterThan(moments.length * 0.8);
  });
});

test('the disk is full: nothing is attached, and nothing stays', async () => {
  writeSubnets(host);
  await host.run([
    'sh',
    '-c',
    'mkdir -p /run/full && mount -t tmpfs -o size=4k tmpfs /run/full && head -c 4096 /dev/zero > /run/full/x',
  ]);
  const pod = await host.addPod();
  const { error } = await callPlugin(host, 'flannel', callOf('ADD', pod, { dataDir: '/run/full/flannel' }));
  expect(error?.code).toBe(5);
  expect(error?.msg).toContain('no space left on device');
  expect(await vethsOn(host)).toEqual([]);
  await host.run(['umount', '/run/full']);
  await host.run(['rmdir', '/run/full']);
  expect(await storedOn(host)).toEqual([]);
});
