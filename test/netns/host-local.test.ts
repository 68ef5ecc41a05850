import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Pod } from './harness/host.ts';
import { callPlugin, type PluginCall } from './harness/plugin.ts';
import { useHost } from './harness/use.ts';

const host = await useHost({
  mayStay: [
    // The store of a network, as the reference leaves it: the lock, the last address, and our index beside it.
    /\/var\/lib\/cni/,
    // The folder of all records; a record's own folder goes with it.
    /\/run\/cni-ts(\/attachments)? folder/,
    // What umount(8) keeps.
    /\/run\/mount/,
  ],
});

/** A range with three addresses to give. */
function conf(network: string, more: object = {}) {
  const ipam = { type: 'host-local', subnet: '10.9.0.0/29', rangeStart: '10.9.0.2', rangeEnd: '10.9.0.4', ...more };
  return { cniVersion: '1.1.0', name: network, type: 'foreign', ipam };
}

function call(verb: string, containerId: string, pod: Pod, more: Partial<PluginCall> & { conf: object }) {
  return callPlugin(host, 'host-local', { verb, containerId, netns: pod.path, ifName: 'eth0', ...more });
}

function records(): string[] {
  const folder = join(host.root, 'run/cni-ts/attachments');
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

test('a DEL that never came: the address of a pod that is gone goes to the next one', async () => {
  const configuration = conf('lost');
  const pods = [await host.addPod(), await host.addPod(), await host.addPod()];
  for (const [index, pod] of pods.entries()) {
    expect((await call('ADD', `c${index}`, pod, { conf: configuration })).exitCode).toBe(0);
  }
  const late = await host.addPod();
  const full = await call('ADD', 'late', late, { conf: configuration });
  expect(full.error?.msg).toBe(
    'failed to allocate for range 0: no IP addresses available in range set: 10.9.0.2-10.9.0.4',
  );
  expect(full.error?.details).toContain('3 alive');

  await pods[1]?.remove();
  const refused = await call('ADD', 'late', late, { conf: conf('lost', { reclaim: false }) });
  expect(refused.error?.details).toContain('reclaim');
  const healed = await call('ADD', 'late', late, { conf: configuration });
  expect(healed.result?.ips).toEqual([{ address: '10.9.0.3/29', gateway: '10.9.0.1' }]);
  expect(healed.stderr).toMatch(/reclaimed 10\.9\.0\.3 from container c1 \(eth0\): .*namespace/);

  for (const [id, pod] of [
    ['c0', pods[0]],
    ['c2', pods[2]],
    ['late', late],
  ] as const) {
    if (pod === undefined) throw new Error('no pod');
    expect((await call('DEL', id, pod, { conf: configuration })).exitCode).toBe(0);
  }
  expect(records()).toEqual([]);
});

test('a namespace whose path is gone, but with a process inside, is not dead', async () => {
  const configuration = conf('hidden');
  const pod = await host.addPod();
  const inside = pod.start(['sleep', '60']);
  expect((await call('ADD', 'c0', pod, { conf: configuration })).exitCode).toBe(0);
  await host.run(['umount', pod.path]);
  await host.run(['rm', pod.path]);
  const others = [await host.addPod(), await host.addPod(), await host.addPod()];
  const outcomes = [];
  for (const [index, other] of others.entries()) {
    outcomes.push((await call('ADD', `o${index}`, other, { conf: configuration })).exitCode);
  }
  expect(outcomes).toEqual([0, 0, 1]);
  await inside.stop();
  const [, , third] = others;
  if (third === undefined) throw new Error('no pod');
  expect((await call('ADD', 'o2', third, { conf: configuration })).exitCode).toBe(0);
  for (const [index, other] of others.entries()) await call('DEL', `o${index}`, other, { conf: configuration });
});

test('GC frees what the runtime does not know, and its records', async () => {
  const configuration = conf('collected');
  const pods = [await host.addPod(), await host.addPod()];
  for (const [index, pod] of pods.entries()) await call('ADD', `g${index}`, pod, { conf: configuration });
  expect(records()).toEqual(['g0', 'g1']);
  const valid = { ...configuration, 'cni.dev/valid-attachments': [{ containerID: 'g1', ifname: 'eth0' }] };
  const outcome = await callPlugin(host, 'host-local', { verb: 'GC', conf: valid });
  expect(outcome.exitCode).toBe(0);
  expect(outcome.stderr).toContain('freed 10.9.0.2 of container g0');
  expect(records()).toEqual(['g1']);
  await callPlugin(host, 'host-local', { verb: 'GC', conf: { ...configuration, 'cni.dev/attachments': [] } });
  expect(records()).toEqual([]);
});

test('a range of nothing but the gateway is called a mistake of the configuration, by its key', async () => {
  const range = { subnet: '10.9.0.0/24', rangeStart: '10.9.0.1', rangeEnd: '10.9.0.1' };
  const ipam = { type: 'host-local', ranges: [[range]] };
  const empty = { cniVersion: '1.0.0', name: 'empty', type: 'test', ipam };
  const { error } = await call('ADD', 'c0', await host.addPod(), { conf: empty });
  expect(error).toMatchObject({
    code: 7,
    msg: 'failed to allocate for range 0: no IP addresses available in range set: 10.9.0.1-10.9.0.1',
    details: expect.stringMatching(
      /^key "ipam\.ranges\[0\]": found 10\.9\.0\.0\/24 from 10\.9\.0\.1 to 10\.9\.0\.1, in which nothing is left/,
    ),
  });
  expect(error?.details).not.toContain('delete pods');
});
