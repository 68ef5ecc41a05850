import { afterEach, beforeEach, expect, test } from 'vitest';
import { configure, MAY_STAY, toolOn } from '../cli/support.ts';
import type { Pod } from '../harness/host.ts';
import { Runtime } from '../harness/libcni.ts';
import type { Background, Place } from '../harness/place.ts';
import { useHost } from '../harness/use.ts';
import { FRAME_LISTENER } from './listener.ts';
import { attachmentOf, listOf, SHARED } from './support.ts';

const node = await useHost({ mayStay: [...SHARED, ...MAY_STAY] });
const runtime = new Runtime(node);

/** The one address that there is. */
const ADDRESS = '10.9.0.9';
const RANGE = { subnet: '10.9.0.0/24', rangeStart: ADDRESS, rangeEnd: ADDRESS };
const NEWCOMERS = { ...listOf({ ipam: { type: 'host-local', ranges: [[RANGE]] } }), name: 'newcomers' };
const NEIGHBOURS = {
  ...listOf({ ipam: { type: 'host-local', ranges: [[{ subnet: '10.9.0.0/24', rangeStart: '10.9.0.20' }]] } }),
  name: 'neighbours',
};

let neighbour: Pod;
let listener: Background;

/** As many records as a node with many containers has; in each there would be a file. */
beforeEach(async () => {
  await node.run(['sh', '-c', 'mkdir -p /run/cni-ts/attachments; cd /run/cni-ts/attachments; mkdir $(seq 101)']);
  neighbour = await node.addPod();
  await runtime.add(NEIGHBOURS, attachmentOf(neighbour, 'neighbour'));
  listener = neighbour.start(FRAME_LISTENER);
  await expect.poll(listener.stdout).toContain('ready');
});

afterEach(async () => {
  await listener.stop();
  await runtime.del(NEIGHBOURS, attachmentOf(neighbour, 'neighbour'));
  await neighbour.remove();
  await node.run(['sh', '-c', 'cd /run/cni-ts/attachments; rmdir $(seq 101)']);
});

async function addedTo(pod: Pod, containerId = 'newcomer'): Promise<string> {
  const result = await runtime.add(NEWCOMERS, attachmentOf(pod, containerId));
  return result?.interfaces?.find(({ sandbox }) => sandbox)?.mac ?? '';
}

async function removed(pod: Pod, containerId = 'newcomer'): Promise<void> {
  await runtime.del(NEWCOMERS, attachmentOf(pod, containerId));
  await pod.remove();
}

async function versionIn(pod: Pod): Promise<string> {
  const { stdout } = await pod.run(['cat', '/proc/sys/net/ipv6/conf/eth0/force_mld_version']);
  return stdout.trim();
}

async function reaches(from: Place): Promise<boolean> {
  return (await from.run(['ping', '-c1', '-W1', ADDRESS])).exitCode === 0;
}

test('what a newcomer has to say is heard by all, a moment later', async () => {
  const pod = await node.addPod();
  const mac = await addedTo(pod);
  expect(await versionIn(pod)).toBe('0');
  // By itself the kernel would say it once more within ten seconds.
  for (const what of ['arp', 'icmpv6 143', 'icmpv6 133']) {
    await expect.poll(listener.stdout, { timeout: 500, interval: 20 }).toContain(`${mac} ${what}\n`);
  }
  await removed(pod);
});

test('the host reaches an address that another pod had at once, and the others do a moment later', async () => {
  for (let count = 0; count < 5; count++) {
    const pod = await node.addPod();
    await addedTo(pod, `heir-${count}`);
    expect(await reaches(node), `pod ${count}`).toBe(true);
    await expect.poll(() => reaches(neighbour), { timeout: 1500, interval: 20 }).toBe(true);
    await removed(pod, `heir-${count}`);
  }
});

test.each([
  ['a version of the protocol that somebody wants stays', 'force_mld_version=2', '2'],
  ['a container without IPv6 is announced too', 'disable_ipv6=1', '0'],
])('%s', async (_, setting, version) => {
  const pod = await node.addPod();
  await pod.run(['sysctl', '-w', `net.ipv6.conf.default.${setting}`]);
  const mac = await addedTo(pod);
  expect(await versionIn(pod)).toBe(version);
  await expect.poll(listener.stdout, { timeout: 500, interval: 20 }).toContain(`${mac} arp\n`);
  await removed(pod);
});

test('a plan says what is done for that', async () => {
  const pod = await node.addPod();
  configure(node, '10-newcomers.conflist', NEWCOMERS);
  const { stdout, stderr } = await toolOn(node)('plan', 'newcomers', pod.path);
  expect(stderr).toBe('');
  const lines = stdout.split('\n').flatMap((line) => /force_mld_version=\d|eth0 up|master cni0/.exec(line)?.[0] ?? []);
  expect(lines).toEqual(['force_mld_version=1', 'eth0 up', 'master cni0', 'force_mld_version=0']);
  await pod.remove();
});
