import { describe, expect, test } from 'vitest';
import { interfere, type Moment, momentsOf } from '../bridge/moments.ts';
import { attachmentOf, vethsOn } from '../bridge/support.ts';
import type { Pod } from '../harness/host.ts';
import { callPlugin, type PluginCall } from '../harness/plugin.ts';
import { expectRestored, takeSnapshot } from '../harness/snapshot.ts';
import { useHost } from '../harness/use.ts';
import { flannelList, NODE, STAYS, storedOn, writeSubnets } from './support.ts';

const host = await useHost({ mayStay: STAYS });

function callOf(verb: string, pod: Pod, more: object = {}): PluginCall {
  const conf = { ...flannelList().plugins[0], cniVersion: '1.1.0', name: 'cbr0', ...more };
  return { verb, ...attachmentOf(pod, 'victim'), conf };
}

async function momentsOfAdd(): Promise<readonly Moment[]> {
  const pod = await host.addPod();
  // The bridge, the stores and the tables are there from now on.
  expect((await callPlugin(host, 'flannel', callOf('ADD', pod))).error).toBeUndefined();
  expect((await callPlugin(host, 'flannel', callOf('DEL', pod))).error).toBeUndefined();
  const moments = await momentsOf(host, 'flannel', callOf('ADD', pod));
  expect((await callPlugin(host, 'flannel', callOf('DEL', pod))).error).toBeUndefined();
  await pod.remove();
  return moments;
}

describe.each([
  ['flanneld masquerades', true],
  ['bridge masquerades', false],
])('%s', (_, masquerades) => {
  test.each([
    ['that fails', 'error=EIO'],
    ['at which it is asked to end', 'signal=SIGTERM'],
  ])('a step %s leaves nothing', async (_, what) => {
    writeSubnets(host, { ...NODE, masquerades });
    const moments = await momentsOfAdd();
    expect(moments.length).toBeGreaterThan(40);
    let failed = 0;
    for (const moment of moments) {
      const pod = await host.addPod();
      const before = await takeSnapshot(host, { ignore: STAYS });
      const outcome = await interfere(host, 'flannel', callOf('ADD', pod), moment, what);
      // Ended before it listened, it leaves what the runtime's DEL finds; else it says what was wrong.
      const isGivenUp = outcome.exitCode === undefined || outcome.stdout === '';
      if (outcome.exitCode === 0 || isGivenUp) {
        expect((await callPlugin(host, 'flannel', callOf('DEL', pod))).exitCode, moment.line).toBe(0);
      } else {
        failed += 1;
        expect(JSON.parse(outcome.stdout), moment.line).toHaveProperty('code');
      }
      await expectRestored(host, before, { ignore: STAYS }).catch((thrown: unknown) => {
        throw new Error(`${moment.line}\n${outcome.stdout}${outcome.stderr}\n${String(thrown)}`);
      });
      await pod.remove();
    }
    console.log(`${what}: ${failed} of ${moments.length} steps made ADD fail`);
    if (what === 'error=EIO') expect(failed).toBeGreaterThan(moments.length / 3);
  });

  test.each([
    ['DEL', 'GC'],
    ['GC', 'DEL'],
  ])('killed at any step, %s takes down what is there, and %s has nothing left to do', async (...verbs) => {
    writeSubnets(host, { ...NODE, masquerades });
    const moments = await momentsOfAdd();
    let killed = 0;
    for (const moment of moments) {
      const pod = await host.addPod();
      const before = await takeSnapshot(host, { ignore: STAYS });
      const outcome = await interfere(host, 'flannel', callOf('ADD', pod), moment, 'signal=SIGKILL');
      if (outcome.exitCode !== 0) killed += 1;
      let said = '';
      for (const verb of verbs) {
        const call =
          verb === 'DEL'
            ? callOf('DEL', pod)
            : { verb, conf: callOf(verb, pod, { 'cni.dev/valid-attachments': [] }).conf };
        const cleaned = await callPlugin(host, 'flannel', call as PluginCall);
        expect(cleaned.exitCode, `${moment.line}\n${cleaned.stdout}`).toBe(0);
        said += cleaned.stderr;
        await expectRestored(host, before, { ignore: STAYS }).catch((thrown: unknown) => {
          throw new Error(`${moment.line}\n${said}\n${String(thrown)}`);
        });
      }
      await pod.remove();
    }
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
