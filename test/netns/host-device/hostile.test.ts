import { expect, test } from 'vitest';
import { BY_IP, NATIVE } from '../harness/drivers.ts';
import type { Host, Pod } from '../harness/host.ts';
import { useHost } from '../harness/use.ts';
import { addDevice, attachmentOf, call, confOf, devicesOn, linksOf, MAC, removeDevice } from './support.ts';

const host = await useHost({ mayStay: [/^file \/var\/lib\/cni/, /^file \/run\/cni-ts(?:\/attachments)? folder/] });

const CONF = confOf({ ipam: {} }, '1.1.0');

/** What a container with CAP_NET_ADMIN does to have a pair of its own taken for the device. */
interface Attack {
  readonly title: string;
  act(pod: Pod): Promise<void>;
}

async function run(pod: Pod, ...lines: readonly string[]): Promise<void> {
  for (const line of lines) await pod.ip(line);
}

const HIDE = ['link set dev eth0 down', 'link set dev eth0 name hidden', 'link set dev hidden alias nothing'];

const ATTACKS: readonly Attack[] = [
  {
    title: 'the mark is on a pair of its own, and the device has another one',
    act: (pod) =>
      run(
        pod,
        'link set dev eth0 alias dev7',
        'link add name own type veth peer name end',
        'link set dev own alias dev0',
      ),
  },
  {
    title: 'the device is hidden, and a pair has its name and its mark',
    act: (pod) => run(pod, ...HIDE, 'link add name eth0 type veth peer name end', 'link set dev eth0 alias dev0'),
  },
  {
    title: 'the pair has the MAC of the device as well',
    act: (pod) =>
      run(
        pod,
        ...HIDE,
        'link set dev hidden address 02:00:00:00:00:99',
        `link add name eth0 address ${MAC} type veth peer name end`,
        'link set dev eth0 alias dev0',
      ),
  },
  {
    title: 'the end of the pair has the index of the other end of the device',
    async act(pod) {
      const [device] = JSON.parse(await pod.ip('-j link show dev eth0'));
      await run(
        pod,
        ...HIDE,
        `link add name eth0 type veth peer name end index ${device.link_index}`,
        'link set dev eth0 alias dev0',
      );
    },
  },
  {
    title: 'a link of another kind has the name and the mark',
    act: (pod) => run(pod, ...HIDE, 'link add name eth0 type bridge', 'link set dev eth0 alias dev0'),
  },
];

/** The device, and not something in its name: only then its other end is beside it. */
async function isHome(at: Host): Promise<boolean> {
  const [device] = JSON.parse(await at.ip('-j link show dev dev0')) as readonly { readonly link?: string }[];
  return device?.link === 'dev0-peer';
}

for (const [how, env] of [
  ['spoken to the kernel', NATIVE],
  ['by ip', BY_IP],
] as const) {
  test.each(ATTACKS)(`DEL and GC bring the device back and nothing else, ${how}: $title`, async ({ act }) => {
    for (const verb of ['DEL', 'GC']) {
      const pod = await host.addPod();
      await addDevice(host);
      expect((await call(host, { verb: 'ADD', ...attachmentOf(pod), conf: CONF, env })).error).toBe(undefined);
      await act(pod);
      const before = (await linksOf(pod)).length;
      const lists = { 'cni.dev/valid-attachments': [], 'cni.dev/attachments': [] };
      const named = verb === 'DEL' ? { ...attachmentOf(pod), conf: CONF } : { conf: { ...CONF, ...lists } };
      const outcome = await call(host, { verb, ...named, env });
      expect(outcome.error).toBe(undefined);
      expect(await devicesOn(host)).toEqual(['dev0 down ""']);
      expect(await isHome(host)).toBe(true);
      expect((await linksOf(pod)).length).toBe(before - 1);
      await removeDevice(host);
      await pod.remove();
    }
  });
}

test('where nothing was noted, what was made in the container stays there, and its name is not chosen there', async () => {
  const pod = await host.addPod();
  await addDevice(host);
  const added = await call(host, { verb: 'ADD', ...attachmentOf(pod), conf: CONF });
  await host.run(['rm', '-rf', '/run/cni-ts']);
  await run(
    pod,
    'link set dev eth0 alias eth7',
    'link add name own type veth peer name end',
    'link set dev own alias dev0',
  );
  const del = await call(host, { verb: 'DEL', ...attachmentOf(pod), conf: { ...CONF, prevResult: added.result } });
  expect(del.error).toBe(undefined);
  expect(await devicesOn(host)).toEqual(['dev0 down ""']);
  expect(await isHome(host)).toBe(true);
  await removeDevice(host);
});

test('a device is not given away as another one because its container wrote so before it died', async () => {
  const [dead, pod] = [await host.addPod(), await host.addPod()];
  await addDevice(host, 'dev1', '02:00:5e:10:00:03');
  const other = confOf({ device: 'dev1', ipam: {} });
  await call(host, { verb: 'ADD', ...attachmentOf(dead), conf: other });
  // As the kernel does with hardware whose namespace goes.
  await run(dead, 'link set dev eth0 alias dev0', 'link set dev eth0 down', 'link set dev eth0 name dev77');
  await dead.ip(`link set dev dev77 netns ${host.pid}`);
  await dead.remove();
  const refused = await call(host, { verb: 'ADD', ...attachmentOf(pod, 'c2'), conf: CONF });
  expect(refused.error?.msg).toBe('failed to find host device: Link not found');
  const found = await call(host, { verb: 'ADD', ...attachmentOf(pod, 'c2'), conf: other });
  expect([found.error, found.stderr]).toEqual([undefined, expect.stringContaining('dev77 is the dev1')]);
  for (const [containerId, netns] of [
    ['c1', ''],
    ['c2', pod.path],
  ] as const) {
    const del = await call(host, { verb: 'DEL', ...attachmentOf(pod, containerId), netns, conf: other });
    expect(del.error).toBe(undefined);
  }
  expect(await devicesOn(host)).toEqual(['dev1 down ""']);
  await removeDevice(host, 'dev1');
});
