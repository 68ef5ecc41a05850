import { expect, test } from 'vitest';
import { SHARED } from '../netns/bridge/support.ts';
import { useHost } from '../netns/harness/use.ts';
import { type Case, expectSameOfAll } from './links/batch.ts';
import { commonCases, fixed, V4 } from './links/confs.ts';
import { call, expectNothingLeft, leftovers, type Subject } from './links/fates.ts';

const CASES: readonly Case[] = [
  ...commonCases({}),
  { title: 'version 0.4.0', conf: { ipam: V4 }, cniVersion: '0.4.0' },
  { title: 'a default route', conf: { ipam: V4 }, isChecked: true },
  {
    title: 'IPv6',
    conf: { ipam: fixed([{ address: 'fd00:1::5/64', gateway: 'fd00:1::1' }], { routes: [{ dst: '::/0' }] }) },
  },
  {
    title: 'a single address',
    conf: { ipam: fixed([{ address: '10.1.0.5/32' }]) },
  },
  { title: 'CNI_ARGS that nobody knows', conf: { ipam: V4 }, args: 'IgnoreUnknown=1;FOO=bar' },
  { title: 'no IPAM', conf: {} },
  { title: 'a name that is taken', conf: { ipam: V4 }, inPod: ['link add name eth0 type dummy'] },
];

test('both suites do the same, and each checks and removes what the other made', () => expectSameOfAll('dummy', CASES));

const host = await useHost({ mayStay: SHARED });

test('a failed ADD leaves nothing, DEL and GC need nothing', async () => {
  const subject: Subject = { host, plugin: 'dummy', conf: { ipam: V4 } };
  const pod = await host.addPod();
  const unreachable = { ...V4, routes: [{ dst: '10.9.0.0/16', gw: '10.77.0.1' }] };
  expect((await call(subject, 'ADD', pod, { ipam: unreachable })).error?.msg).toMatch(/^failed to add route/);
  expect(await leftovers(host, pod)).toEqual([]);
  await expectNothingLeft(subject, 0);
  expect((await call(subject, 'STATUS', pod)).error).toBeUndefined();
  expect((await call(subject, 'STATUS', pod, { ipam: {} })).error?.code).toBe(50);
  // Without the namespace's name and the IPAM plugin's, the record has both.
  expect((await call(subject, 'ADD', pod)).error).toBeUndefined();
  expect((await call(subject, 'DEL', pod, { ipam: {} }, { netns: '' })).error).toBeUndefined();
  expect(await leftovers(host, pod)).toEqual([]);
  expect((await call(subject, 'ADD', pod)).error).toBeUndefined();
  expect((await call(subject, 'GC', pod, { 'cni.dev/valid-attachments': [] })).error).toBeUndefined();
  expect(await leftovers(host, pod)).toEqual([]);
});
