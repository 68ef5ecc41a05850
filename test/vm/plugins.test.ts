import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Runtime } from '../netns/harness/libcni.ts';
import { useHost } from '../netns/harness/use.ts';
import { expectSilence, isUp, loopbackOn, resultOf } from '../netns/loopback-calls.ts';

const host = await useHost({
  mayStay: [
    // The store of a network: the lock, the last address, and our index beside it.
    /file \/var\/lib\/cni\/networks/,
    // The folder of all records; a record's own folder goes with it.
    /\/run\/cni-ts(\/attachments)? folder/,
  ],
});
const loopback = loopbackOn(host);

test('loopback: ADD, CHECK, DEL', async () => {
  const pod = await host.addPod();
  const { result } = await loopback('ADD', pod.path);
  expect(result).toEqual(resultOf('1.0.0', pod.path));
  expectSilence(await loopback('CHECK', pod.path, { prevResult: result }));
  expectSilence(await loopback('DEL', pod.path, { prevResult: result }));
  expect(await isUp(pod)).toBe(false);
});

test('where the kernel promises no more memory than it has', async () => {
  const [setting, share] = ['/proc/sys/vm/overcommit_memory', '/proc/sys/vm/overcommit_ratio'];
  const before = [setting, share].map((path) => readFileSync(path, 'utf8'));
  const pod = await host.addPod();
  writeFileSync(share, '100');
  writeFileSync(setting, '2');
  try {
    const { result } = await loopback('ADD', pod.path);
    expect(result).toEqual(resultOf('1.0.0', pod.path));
    expectSilence(await loopback('DEL', pod.path, { prevResult: result }));
  } finally {
    for (const [index, path] of [setting, share].entries()) writeFileSync(path, before[index] ?? '0');
  }
});

test('host-local: ADD, CHECK, DEL, and the address is free again', async () => {
  const pod = await host.addPod();
  const ipam = { type: 'host-local', subnet: '10.9.0.0/29', rangeStart: '10.9.0.2', rangeEnd: '10.9.0.2' };
  const list = { cniVersion: '1.1.0', name: 'net', plugins: [{ type: 'host-local', ipam }] };
  const runtime = new Runtime(host);
  for (const containerId of ['c1', 'c2']) {
    const attachment = { containerId, netns: pod.path, ifName: 'eth0' };
    const result = await runtime.add(list, attachment);
    expect(result?.ips).toEqual([{ address: '10.9.0.2/29', gateway: '10.9.0.1' }]);
    await runtime.check(list, attachment);
    await runtime.delTwice(list, attachment);
  }
});
