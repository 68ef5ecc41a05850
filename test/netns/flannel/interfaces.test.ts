import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { attachmentOf, leasesOn, vethsOn } from '../bridge/support.ts';
import { Runtime } from '../harness/libcni.ts';
import { callPlugin } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import { DATA_DIR, flannelList, NODE, removeSubnets, STAYS, storedOn, writeSubnets } from './support.ts';

const host = await useHost({ mayStay: [...STAYS, /^host (?:link|address) br-two /, /^host .*"dev":"br-two/] });

const ONE = flannelList({}, { cniVersion: '1.0.0' });
const TWO = flannelList(
  { delegate: { bridge: 'br-two' }, subnetFile: '/run/flannel/two.env' },
  { cniVersion: '1.0.0', name: 'two' },
);
const OWN_FILE = '.cni-ts/c1/net1:cbr0:flannel.json';

test.each([
  ['the first one first', ['eth0', 'net1'], false],
  ['the second one first', ['net1', 'eth0'], false],
  ['the first one first, without records', ['eth0', 'net1'], true],
  ['the second one first, without records', ['net1', 'eth0'], true],
] as const)('two interfaces in one network, removed %s', async (_, order, losesRecords) => {
  writeSubnets(host);
  const pod = await host.addPod();
  const runtime = new Runtime(host);
  await runtime.add(ONE, attachmentOf(pod, 'c1', 'eth0'));
  const first = readFileSync(`${host.root}${DATA_DIR}/c1`, 'utf8');
  // A configuration that tells the two apart.
  const other = flannelList({ delegate: { mtu: 1300 } }, { cniVersion: '1.0.0' });
  await runtime.add(other, attachmentOf(pod, 'c1', 'net1'));
  expect(await storedOn(host)).toEqual([OWN_FILE, 'c1']);
  expect(readFileSync(`${host.root}${DATA_DIR}/c1`, 'utf8')).toBe(first);
  expect(JSON.parse(readFileSync(`${host.root}${DATA_DIR}/${OWN_FILE}`, 'utf8'))).toMatchObject({
    containerId: 'c1',
    ifName: 'net1',
    network: 'cbr0',
    delegate: { mtu: 1300, name: 'cbr0', type: 'bridge' },
  });
  expect(await leasesOn(host, 'cbr0')).toHaveLength(2);
  if (losesRecords) await host.run(['rm', '-rf', '/run/cni-ts']);
  // Nothing but what is stored tells.
  removeSubnets(host);
  for (const [index, ifName] of order.entries()) {
    await runtime.del(ONE, attachmentOf(pod, 'c1', ifName));
    expect(await vethsOn(host)).toHaveLength(1 - index);
    expect(await leasesOn(host, 'cbr0')).toHaveLength(1 - index);
    expect(await pod.ip('-br link')).not.toContain(ifName);
    const left = ifName === 'eth0' ? OWN_FILE : 'c1';
    expect(await storedOn(host)).toEqual(index === 0 ? [left] : []);
  }
  for (const ifName of order) await runtime.del(ONE, attachmentOf(pod, 'c1', ifName), { netns: '', prevResult: false });
});

test.each([
  ['in order', [0, 1]],
  ['in the other order', [1, 0]],
] as const)('interfaces in two networks, removed %s', async (_, order) => {
  writeSubnets(host);
  await host.run([
    'sh',
    '-c',
    'sed s/10.244.1/10.250.1/\\;s/10.244/10.250/ /run/flannel/subnet.env > /run/flannel/two.env',
  ]);
  const pod = await host.addPod();
  const runtime = new Runtime(host);
  const attachments = [
    [ONE, attachmentOf(pod, 'c1', 'eth0')],
    [TWO, attachmentOf(pod, 'c1', 'net1')],
  ] as const;
  for (const [list, attachment] of attachments) await runtime.add(list, attachment);
  for (const [list, attachment] of attachments) await runtime.check(list, attachment);
  expect(await storedOn(host)).toEqual(['.cni-ts/c1/net1:two:flannel.json', 'c1']);
  for (const index of order) {
    const [list, attachment] = attachments[index] ?? attachments[0];
    await runtime.delTwice(list, attachment);
    expect(await leasesOn(host, list.name)).toEqual([]);
  }
  expect(await storedOn(host)).toEqual([]);
});

test('the last interface of many, all attached at the same moment', async () => {
  writeSubnets(host);
  const pod = await host.addPod();
  const runtime = new Runtime(host);
  const names = ['eth0', 'net1', 'net2', 'net3', 'net4'];
  await Promise.all(names.map((name) => runtime.add(ONE, attachmentOf(pod, 'c1', name))));
  expect(await leasesOn(host, 'cbr0')).toHaveLength(names.length);
  await Promise.all(names.map((name) => runtime.del(ONE, attachmentOf(pod, 'c1', name))));
  expect(await vethsOn(host)).toEqual([]);
  expect(await leasesOn(host, 'cbr0')).toEqual([]);
  expect(await storedOn(host)).toEqual([]);
});

test('a second ADD of what is attached fails, and takes nothing away', async () => {
  writeSubnets(host);
  const pod = await host.addPod();
  const runtime = new Runtime(host);
  const attachment = attachmentOf(pod);
  await runtime.add(ONE, attachment);
  const before = readFileSync(`${host.root}${DATA_DIR}/c1`, 'utf8');
  const record = () => host.run(['sh', '-c', 'cat /run/cni-ts/attachments/c1/eth0:cbr0:flannel.json']);
  const notes = JSON.parse((await record()).stdout).data;
  // The node has another subnet by now, so that what is stored would differ.
  writeSubnets(host, { ...NODE, mtu: 1400 });
  const again = await callPlugin(host, 'flannel', {
    verb: 'ADD',
    ...attachment,
    conf: { ...ONE.plugins[0], cniVersion: '1.0.0', name: 'cbr0' },
  });
  expect(again.error?.msg).toContain('already exists');
  expect(readFileSync(`${host.root}${DATA_DIR}/c1`, 'utf8')).toBe(before);
  expect(JSON.parse((await record()).stdout).data).toEqual(notes);
  await runtime.check(ONE, attachment);
  await runtime.del(ONE, attachment);
});

test("another network's ADD for the same interface fails, and takes nothing away", async () => {
  writeSubnets(host);
  const pod = await host.addPod();
  const runtime = new Runtime(host);
  const attachment = attachmentOf(pod);
  await runtime.add(ONE, attachment);
  const other = flannelList({}, { cniVersion: '1.0.0', name: 'other' });
  await expect(runtime.add(other, attachment)).rejects.toThrow('already exists');
  expect(await storedOn(host)).toEqual(['c1']);
  await runtime.del(other, attachment, { prevResult: false });
  await runtime.check(ONE, attachment);
  await runtime.delTwice(ONE, attachment);
  expect(await leasesOn(host, 'other')).toEqual([]);
});
