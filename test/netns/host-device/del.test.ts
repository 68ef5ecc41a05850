import { expect, test } from 'vitest';
import { leasesOn } from '../bridge/support.ts';
import { BY_IP } from '../harness/drivers.ts';
import type { Host, Pod } from '../harness/host.ts';
import { useHost } from '../harness/use.ts';
import { addDevice, attachmentOf, call, confOf, devicesOn, linksOf, MAC, removeDevice } from './support.ts';

const host = await useHost({ mayStay: [/^file \/var\/lib\/cni/, /^file \/run\/cni-ts(?:\/attachments)? folder/] });

/** What has happened between ADD and DEL, and how DEL is called then. */
interface Scenario {
  readonly title: string;
  readonly before?: (host: Host, pod: Pod) => Promise<unknown>;
  readonly conf?: object;
  readonly netns?: string;
  readonly prevResult?: false;
  readonly env?: Readonly<Record<string, string>>;
  /** What is known of the device without the record; as it was by default. */
  readonly device?: string;
}

const loseRecord = () => host.run(['rm', '-rf', '/run/cni-ts']);

/** As the kernel does with a device whose namespace goes; the ends of a pair it would delete. */
function fallBack(as: string) {
  return async (_: Host, pod: Pod) => {
    await pod.ip('link set dev eth0 down');
    await pod.ip(`link set dev eth0 name ${as}`);
    await pod.ip(`link set dev ${as} netns ${host.pid}`);
    await pod.remove();
  };
}

const FORGOTTEN = 'dev0 down ""';

const SCENARIOS: readonly Scenario[] = [
  { title: 'all is as it was' },
  { title: 'by the ip program', env: BY_IP },
  { title: 'no result is passed', prevResult: false },
  { title: 'the record is lost', before: loseRecord, device: FORGOTTEN },
  { title: 'the record and the result are lost', before: loseRecord, prevResult: false, device: FORGOTTEN },
  { title: 'the mark is lost', before: (_, pod) => pod.run(['ip', 'link', 'set', 'dev', 'eth0', 'alias', '']) },
  {
    title: 'the mark and the record are lost',
    before: async (_, pod) => {
      await loseRecord();
      await pod.run(['ip', 'link', 'set', 'dev', 'eth0', 'alias', '']);
    },
    device: FORGOTTEN,
  },
  { title: 'the MAC was changed', before: (_, pod) => pod.ip('link set dev eth0 address 02:00:00:00:00:88') },
  { title: 'another device is configured', conf: { device: 'dev7' } },
  { title: 'a device is configured that cannot be', conf: { device: undefined, hwaddr: 'zz' } },
  { title: 'the interface was renamed', before: (_, pod) => pod.ip('link set dev eth0 down name eth7') },
  {
    title: 'another link in the container has its name',
    before: (_, pod) => pod.ip('link add name dev0 type bridge'),
  },
  { title: 'it fell back under the name of the interface', before: fallBack('eth0') },
  { title: 'it fell back under a name of the kernel', before: fallBack('dev77') },
  { title: 'it fell back, and the namespace is not named', before: fallBack('dev77'), netns: '', prevResult: false },
  { title: 'it fell back under its own name', before: fallBack('dev0'), netns: '' },
  {
    title: 'it fell back, and the record is lost',
    before: async (at, pod) => {
      await fallBack('dev77')(at, pod);
      await loseRecord();
    },
    device: FORGOTTEN,
  },
  { title: 'somebody has put it back', before: fallBack('dev0'), netns: '/run/netns/nowhere' },
];

// In one test, because a look at the whole host costs more than any of them.
test('DEL, twice, puts the device back and releases the address, whatever is lacking', async () => {
  for (const { title, before, netns, prevResult, env = {}, ...scenario } of SCENARIOS) {
    const pod = await host.addPod();
    await addDevice(host);
    await host.run(['ip', 'link', 'set', 'dev', 'dev0', 'alias', 'uplink; port 3', 'up']);
    const attachment = attachmentOf(pod);
    const conf = confOf();
    const added = await call(host, { verb: 'ADD', ...attachment, conf, env });
    expect(added.error, title).toBe(undefined);
    expect((await leasesOn(host)).length, title).toBe(2);
    await before?.(host, pod);
    const changed = { ...conf, ...scenario.conf, ...(prevResult === false ? {} : { prevResult: added.result }) };
    for (let times = 1; times <= 2; times++) {
      const del = await call(host, { verb: 'DEL', ...attachment, netns: netns ?? pod.path, conf: changed, env });
      expect(del.error, title).toBe(undefined);
      expect(await devicesOn(host), title).toEqual([scenario.device ?? 'dev0 up "uplink; port 3"']);
      expect(await leasesOn(host), title).toEqual([]);
    }
    await removeDevice(host);
    await pod.remove();
  }
}, 60_000);

test('an ADD that was killed when it had given the device its name as a mark leaves no alias in the end', async () => {
  const pod = await host.addPod();
  await addDevice(host);
  const attachment = attachmentOf(pod);
  const before = await devicesOn(host);
  await call(host, { verb: 'ADD', ...attachment, conf: confOf() });
  // As it is when the next request, which moves the device, was not sent: the record tells what was there.
  await pod.ip('link set dev eth0 down');
  await pod.ip('link set dev eth0 name dev0');
  await pod.ip(`link set dev dev0 netns ${host.pid}`);
  await host.run(['sh', '-c', 'rm -r /var/lib/cni/networks']);
  expect(await devicesOn(host)).toEqual(['dev0 down "dev0"']);
  expect((await call(host, { verb: 'ADD', ...attachment, conf: confOf() })).error).toBe(undefined);
  expect((await call(host, { verb: 'DEL', ...attachment, conf: confOf() })).error).toBe(undefined);
  expect(await devicesOn(host)).toEqual(before);
  await removeDevice(host);
});

test('an empty namespace: the address is released while the device is where it is', async () => {
  const pod = await host.addPod();
  await addDevice(host);
  await call(host, { verb: 'ADD', ...attachmentOf(pod), conf: confOf() });
  const del = await call(host, { verb: 'DEL', ...attachmentOf(pod), netns: '', conf: confOf() });
  expect(del.exitCode, JSON.stringify(del.error)).toBe(0);
  expect(await leasesOn(host)).toEqual([]);
  const late = await call(host, { verb: 'DEL', ...attachmentOf(pod), conf: confOf() });
  expect(late.exitCode, JSON.stringify(late.error)).toBe(0);
  expect(await devicesOn(host)).toEqual([FORGOTTEN]);
  await removeDevice(host);
});

test('the name is taken on the host: nothing is released or moved, until it is free', async () => {
  const pod = await host.addPod();
  await addDevice(host);
  await call(host, { verb: 'ADD', ...attachmentOf(pod), conf: confOf() });
  await host.ip('link add name dev0 type bridge');
  const refused = await call(host, { verb: 'DEL', ...attachmentOf(pod), conf: confOf() });
  expect(refused.error?.msg).toBe('failed to move "dev0" to hostNS: file exists');
  expect(refused.error?.details).toContain('another link there has this name now');
  expect((await leasesOn(host)).length).toBe(2);
  expect((await linksOf(pod)).map(({ ifname, flags }) => [ifname, flags.includes('UP')])).toEqual([['eth0', true]]);
  await host.ip('link del dev dev0');
  expect((await call(host, { verb: 'DEL', ...attachmentOf(pod), conf: confOf() })).exitCode).toBe(0);
  expect(await devicesOn(host)).toEqual(['dev0 down ""']);
  await removeDevice(host);
});

test('after an ADD that was refused, DEL leaves what others have', async () => {
  const pod = await host.addPod();
  await addDevice(host);
  await addDevice(host, 'dev1', '02:00:5e:10:00:03');
  const owner = await call(host, { verb: 'ADD', ...attachmentOf(pod), conf: confOf() });
  const late = confOf({ name: 'other', device: 'dev1' });
  const refused = await call(host, { verb: 'ADD', ...attachmentOf(pod), conf: late });
  expect(refused.error?.msg).toContain('failed to move "eth0" (host: "dev1") to container NS: file exists');
  expect(refused.error?.details).toContain('alias "dev0"');
  expect((await call(host, { verb: 'DEL', ...attachmentOf(pod), conf: late })).exitCode).toBe(0);
  const known = { ...confOf(), prevResult: owner.result };
  expect((await call(host, { verb: 'CHECK', ...attachmentOf(pod), conf: known })).error).toBe(undefined);
  expect((await call(host, { verb: 'DEL', ...attachmentOf(pod), conf: known })).exitCode).toBe(0);

  // A link of a plugin that keeps no record says nothing of a device.
  await pod.ip('link add name eth0 type bridge');
  const left = await call(host, { verb: 'DEL', ...attachmentOf(pod), conf: confOf() });
  expect(left.exitCode).toBe(0);
  expect(left.stderr).toContain('left eth0 of c1 alone');
  const promised = { ...confOf({ device: undefined, hwaddr: MAC }), prevResult: await resultWithMacOf(pod) };
  const unknown = await call(host, { verb: 'DEL', ...attachmentOf(pod), conf: promised });
  expect(unknown.error?.msg).toBe('failed to find original ifname for "eth0" (alias is not set)');
  await removeDevice(host);
  await removeDevice(host, 'dev1');
});

test('DEL of a network that was renamed takes the device back with the result of ADD, and says what it leaves', async () => {
  const pod = await host.addPod();
  await addDevice(host);
  const added = await call(host, { verb: 'ADD', ...attachmentOf(pod), conf: confOf() });
  const renamed = confOf({ name: 'renamed' });
  const del = (conf: object, netns = pod.path) => call(host, { verb: 'DEL', ...attachmentOf(pod), netns, conf });
  const otherMac = JSON.stringify(added.result).replace(MAC, '02:00:00:00:00:99');
  const otherSandbox = JSON.stringify(added.result).replace(pod.path, '/run/netns/other');
  for (const prevResult of [undefined, JSON.parse(otherMac), JSON.parse(otherSandbox)]) {
    const left = await del({ ...renamed, prevResult });
    expect([left.exitCode, left.stderr]).toEqual([
      0,
      expect.stringContaining('left eth0 of c1 alone: it is noted as network "net"\'s, and this is a DEL of "renamed"'),
    ]);
    expect((await linksOf(pod)).map(({ ifname }) => ifname)).toEqual(['eth0']);
  }
  expect((await leasesOn(host)).length).toBe(2);
  const known = { ...renamed, prevResult: added.result };
  for (const _ of [1, 2]) {
    expect((await del(known)).error).toBe(undefined);
    expect([await devicesOn(host), await leasesOn(host)]).toEqual([[FORGOTTEN], []]);
  }
  await removeDevice(host);
});

async function resultWithMacOf(pod: Pod): Promise<object> {
  const [link] = await linksOf(pod);
  return { cniVersion: '1.0.0', interfaces: [{ name: 'eth0', mac: link?.address, sandbox: pod.path }] };
}

test('a device that a container has is not found by another one, who is told', async () => {
  const [pod, other] = [await host.addPod(), await host.addPod()];
  await addDevice(host);
  await call(host, { verb: 'ADD', ...attachmentOf(pod), conf: confOf() });
  const second = await call(host, { verb: 'ADD', ...attachmentOf(other, 'c2'), conf: confOf() });
  expect(second.error?.msg).toBe('failed to find host device: Link not found');
  expect(second.error?.details).toMatch(
    /^looked for device dev0; container c1 has it as eth0 \(network net\) since .*; the host has dev0-peer \(.*\)$/,
  );
  // Its container dies without a DEL; the next one finds it all the same, and gives it back right.
  await fallBack('dev77')(host, pod);
  const third = await call(host, { verb: 'ADD', ...attachmentOf(other, 'c2'), conf: confOf() });
  expect(third.exitCode, JSON.stringify(third.error)).toBe(0);
  expect(third.stderr).toContain('dev77 is the dev0 that was never put back');
  for (const [containerId, netns] of [
    ['c1', ''],
    ['c2', other.path],
  ] as const) {
    const del = await call(host, { verb: 'DEL', ...attachmentOf(other, containerId), netns, conf: confOf() });
    expect(del.exitCode, JSON.stringify(del.error)).toBe(0);
  }
  expect(await devicesOn(host)).toEqual(['dev0 down ""']);
  expect(await leasesOn(host)).toEqual([]);
  await removeDevice(host);
});

test('GC takes back what no valid attachment has, from living and dead containers', async () => {
  const pods = [await host.addPod(), await host.addPod(), await host.addPod()] as const;
  const conf = (index: number, name = 'net') => confOf({ name, device: `dev${index}` }, '1.1.0');
  for (const [index, pod] of pods.entries()) {
    await addDevice(host, `dev${index}`, `02:00:5e:10:01:0${index}`);
    const added = await call(host, { verb: 'ADD', ...attachmentOf(pod, `c${index}`), conf: conf(index) });
    expect(added.exitCode, JSON.stringify(added.error)).toBe(0);
  }
  await fallBack('dev77')(host, pods[0]);
  const gc = (valid: readonly string[] | undefined, name?: string) => {
    const attachments = valid?.map((containerID) => ({ containerID, ifname: 'eth0' }));
    const list = { 'cni.dev/valid-attachments': attachments, 'cni.dev/attachments': attachments };
    return call(host, { verb: 'GC', conf: { ...conf(0, name), ...list } });
  };
  expect((await gc(undefined)).exitCode).toBe(0);
  expect((await gc([], 'other')).exitCode).toBe(0);
  expect(await devicesOn(host)).toEqual(['dev77 down "dev0"']);
  const collected = await gc(['c2']);
  expect(collected.error).toBe(undefined);
  expect(collected.stderr).toContain('took back what was left of c0 (eth0)');
  expect((await devicesOn(host)).toSorted()).toEqual(['dev0 down ""', 'dev1 down ""']);
  expect((await leasesOn(host)).length).toBe(2);
  expect((await gc([])).exitCode).toBe(0);
  expect((await devicesOn(host)).length).toBe(3);
  expect(await leasesOn(host)).toEqual([]);
  for (const index of pods.keys()) await removeDevice(host, `dev${index}`);
});

test('CHECK names what is not as ADD left it', async () => {
  const pod = await host.addPod();
  await addDevice(host);
  const added = await call(host, { verb: 'ADD', ...attachmentOf(pod), conf: confOf() });
  const check = async (prevResult: unknown = added.result) => {
    const conf = { ...confOf(), ...(prevResult === null ? {} : { prevResult }) };
    const { error } = await call(host, { verb: 'CHECK', ...attachmentOf(pod), conf });
    return error === undefined ? '' : `${error.msg}; ${error.details ?? ''}`;
  };
  expect(await check()).toBe('');
  expect(await check(null)).toContain('Required prevResult missing');
  const elsewhere = JSON.stringify(added.result).replaceAll(pod.path, '/run/netns/other');
  expect(await check(JSON.parse(elsewhere))).toContain("Sandbox in prevResult /run/netns/other doesn't match");
  const onHost = JSON.stringify(added.result).replace(/,"sandbox":"[^"]*"/, '');
  expect(await check(JSON.parse(onHost))).toContain('Error: Container interface eth0 should not be in host namespace');
  await pod.ip('route del 10.9.0.0/16');
  const address = added.result?.ips?.[0]?.address ?? 'none';
  await pod.ip(`addr del ${address} dev eth0`);
  await pod.ip('link set dev eth0 address 02:00:00:00:00:88');
  expect(await check()).toMatch(
    /Mac 02:00:5e:10:00:01 doesn't match container Mac: 02:00:00:00:00:88.*Failed to match addr 10\.1\.0\.\d+\/24.*10\.9\.0\.0\/16 via 10\.1\.0\.9 not found/,
  );
  await pod.ip('link set dev eth0 down');
  expect(await check()).toContain('interface eth0 is down');
  await pod.ip('link set dev eth0 name eth5');
  expect(await check()).toContain('Container Interface name in prevResult: eth0 not found');
  expect((await call(host, { verb: 'DEL', ...attachmentOf(pod), conf: confOf() })).exitCode).toBe(0);
  expect(await devicesOn(host)).toEqual(['dev0 down ""']);
  await removeDevice(host);
});

test('STATUS minds only what makes every ADD fail', async () => {
  const status = async (conf: object, env: Readonly<Record<string, string>> = {}) => {
    return (await call(host, { verb: 'STATUS', conf: confOf(conf, '1.1.0'), env })).error?.code;
  };
  // The container that is asked for it may bring its device, and another one may have it now.
  expect(await status({})).toBe(undefined);
  expect(await status({ device: undefined })).toBe(undefined);
  expect(await status({ device: undefined, hwaddr: 'zz' })).toBe(50);
  expect(await status({ ipam: { type: 'host-local' } })).toBe(50);
  expect(await status({}, BY_IP)).toBe(undefined);
});
