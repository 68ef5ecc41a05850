import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DUAL } from '../bridge/cases.ts';
import { OURS, referenceSuite } from '../bridge/suites.ts';
import { attachmentOf, leasesOn } from '../bridge/support.ts';
import type { Host, Pod } from '../harness/host.ts';
import { ChainError, Runtime } from '../harness/libcni.ts';
import type { Conflist } from '../harness/libcni-conf.ts';
import { BUILT_PLUGINS, callPlugin } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import { MAY_STAY, plugLan, unplugLan } from './support.ts';

const REFERENCE = await referenceSuite();
const host = await useHost({ mayStay: MAY_STAY });

beforeAll(() => plugLan(host));
afterAll(() => unplugLan(host));

const V4 = { type: 'host-local', subnet: '10.1.0.0/24', routes: [{ dst: '0.0.0.0/0' }] };

function confOf(conf: object = {}) {
  return { cniVersion: '1.1.0', name: 'net', type: 'macvlan', master: 'lan0', ipam: V4, ...conf };
}

function listOf(conf: object = {}): Conflist {
  return { cniVersion: '1.1.0', name: 'net', plugins: [{ type: 'macvlan', master: 'lan0', ipam: V4, ...conf }] };
}

function call(verb: string, pod: Pod, conf: object = {}, containerId = 'c1', more: object = {}) {
  return callPlugin(host, 'macvlan', { verb, ...attachmentOf(pod, containerId), conf: confOf(conf), ...more });
}

async function linksIn(pod: Pod): Promise<readonly string[]> {
  const links = JSON.parse(await pod.ip('-j link show')) as readonly { readonly ifname?: string }[];
  return links.flatMap(({ ifname = 'lo' }) => (ifname === 'lo' ? [] : [ifname]));
}

for (const [adds, removes] of [
  [OURS, REFERENCE],
  [REFERENCE, OURS],
] as const) {
  test(`ADD by ${adds.name}, CHECK and DEL by ${removes.name}`, async () => {
    const pod = await host.addPod();
    for (const conf of [{}, { ipam: DUAL }, { mode: 'private', mtu: 1400 }, { ipam: {} }, { cniVersion: '0.4.0' }]) {
      const [full, attachment] = [confOf(conf), attachmentOf(pod)];
      const by = (suite: typeof OURS) => ({ ...attachment, path: suite.folder });
      const added = await callPlugin(host, `${adds.folder}/macvlan`, { verb: 'ADD', ...by(adds), conf: full });
      expect(added.error).toBeUndefined();
      const known = { ...full, prevResult: added.result };
      for (const verb of ['CHECK', 'DEL']) {
        const done = await callPlugin(host, `${removes.folder}/macvlan`, { verb, ...by(removes), conf: known });
        expect(done.error, `${verb} ${JSON.stringify(conf)}`).toBeUndefined();
      }
      expect(await linksIn(pod)).toEqual([]);
      expect(await leasesOn(host)).toEqual([]);
      // What the other one knows nothing of: the record. The runtime's second DEL, or GC, finds it.
      expect((await call('DEL', pod, conf)).exitCode).toBe(0);
    }
  });
}

const loseRecords = (at: Host) => at.run(['rm', '-rf', '/run/cni-ts']);

const SCENARIOS: readonly {
  readonly title: string;
  readonly before?: (pod: Pod) => Promise<unknown>;
  readonly changed?: object;
  readonly netns?: string;
}[] = [
  { title: 'all is as it was' },
  { title: 'the namespace is not named', netns: '' },
  { title: 'the namespace is gone', before: (pod) => pod.remove() },
  { title: 'the record is lost', before: () => loseRecords(host) },
  { title: 'the link is gone', before: (pod) => pod.ip('link del dev eth0') },
  { title: 'the master is another one', changed: { master: 'nowhere' } },
  { title: 'there is neither master nor default route', changed: { master: '' } },
  { title: 'what it says is wrong', changed: { mode: 'x', mtu: -1, mac: 'x' } },
  { title: 'there is no IPAM any more', changed: { ipam: {} } },
];

test('DEL leaves nothing, twice, without a result, whatever is lost', async () => {
  for (const { title, before, changed, netns } of SCENARIOS) {
    const pod = await host.addPod();
    expect((await call('ADD', pod)).error, title).toBeUndefined();
    expect(await leasesOn(host)).toHaveLength(1);
    await before?.(pod);
    const how = netns === undefined ? {} : { netns };
    for (const _ of ['once', 'twice'])
      expect((await call('DEL', pod, changed, 'c1', how)).error, title).toBeUndefined();
    if (title !== 'the namespace is gone') expect(await linksIn(pod), title).toEqual([]);
    expect(await leasesOn(host), title).toEqual([]);
  }
});

const DRIFTS: readonly (readonly [string, (pod: Pod) => Promise<unknown>, RegExp | undefined])[] = [
  ['nothing', async () => {}, undefined],
  ['the address is gone', (pod) => pod.ip('-4 addr flush dev eth0'), /Failed to match addr 10\.1\.0\.\d+\/24/],
  ['the route is gone', (pod) => pod.ip('route del default'), /Expected Route 0\.0\.0\.0\/0 not found/],
  ['another MAC', (pod) => pod.ip('link set dev eth0 address 02:00:00:00:00:78'), /doesn't match container Mac/],
  [
    'another mode',
    (pod) => pod.ip('link set dev eth0 type macvlan mode private'),
    /macvlan mode private does not match/,
  ],
  ['it is down', (pod) => pod.ip('link set dev eth0 down'), /interface eth0 is down/],
  ['it is gone', (pod) => pod.ip('link del dev eth0'), /^container Interface name in prevResult: eth0 not found/],
];

test('CHECK names what is not as ADD made it', async () => {
  for (const [title, drift, says] of DRIFTS) {
    const pod = await host.addPod();
    const runtime = new Runtime(host);
    await runtime.add(listOf(), attachmentOf(pod));
    await drift(pod);
    const said = await runtime.check(listOf(), attachmentOf(pod)).then(
      () => '',
      (thrown: unknown) =>
        thrown instanceof ChainError ? (thrown.outcome.error?.msg ?? '') + thrown.outcome.error?.details : thrown,
    );
    if (says === undefined) expect(said, title).toBe('');
    else expect(said, title).toMatch(says);
    await runtime.del(listOf(), attachmentOf(pod));
  }
});

test('GC keeps what is valid and takes the rest, also in containers that still run', async () => {
  const pods = await Promise.all([host.addPod(), host.addPod(), host.addPod()]);
  for (const [index, pod] of pods.entries()) expect((await call('ADD', pod, {}, `c${index}`)).error).toBeUndefined();
  const [first, second, third] = pods;
  await third.remove();
  const gc = (valid?: readonly object[]) => {
    const conf = confOf(valid === undefined ? {} : { 'cni.dev/valid-attachments': valid });
    return callPlugin(host, 'macvlan', { verb: 'GC', conf });
  };
  expect((await gc()).exitCode).toBe(0);
  expect(await linksIn(first)).toEqual(['eth0']);
  const kept = await gc([{ containerID: 'c1', ifname: 'eth0' }]);
  expect(kept.error).toBeUndefined();
  expect(kept.stderr).toContain('c0');
  expect(kept.stderr).toContain('c2');
  expect([await linksIn(first), await linksIn(second)]).toEqual([[], ['eth0']]);
  expect(await leasesOn(host)).toHaveLength(1);
  expect((await gc([])).exitCode).toBe(0);
  expect(await linksIn(second)).toEqual([]);
});

describe('what ADD refuses or takes back', () => {
  test('leaves neither link nor lease, and says what to do', async () => {
    const pod = await host.addPod();
    const unreachable = { ...V4, routes: [{ dst: '10.9.0.0/16', gw: '10.77.0.1' }] };
    const refused: readonly (readonly [object, string | RegExp, RegExp])[] = [
      [{ master: 'nowhere' }, 'failed to lookup master "nowhere": Link not found', /the links on the host are .*lan0/],
      [{ master: '' }, 'no default route interface found', /set the key "master": the links on the host are .*lan0/],
      [{ linkInContainer: true }, 'failed to lookup master "lan0": Link not found', /there is no link in \/run\/netns/],
      [{ mode: 'x' }, 'unknown macvlan mode: "x"', /bridge, private, vepa, passthru/],
      [{ mtu: 9000 }, 'invalid MTU 9000, must be [0, master MTU(1500)]', /at most 1500/],
      [{ mtu: -1 }, 'invalid MTU -1, must be [0, master MTU(1500)]', /key "mtu"/],
      [{ mac: 'x' }, 'invalid args x for MAC addr: address x: invalid MAC address', /key "mac"/],
      [{ bcqueuelen: -1 }, 'invalid bcqueuelen -1', /4294967295/],
      [{ ipam: unreachable }, /^failed to add route '10\.9\.0\.0\/16 via 10\.77\.0\.1 dev eth0/, /not in a network/],
      [{ ipam: { type: 'static' } }, 'IPAM plugin returned missing IP config', /has no "ips"/],
    ];
    for (const [conf, message, details] of refused) {
      const { error } = await call('ADD', pod, conf);
      if (typeof message === 'string') expect(error?.msg).toBe(message);
      else expect(error?.msg).toMatch(message);
      expect(error?.details).toMatch(details);
      expect(await linksIn(pod)).toEqual([]);
      expect(await leasesOn(host)).toEqual([]);
    }
  });

  test('a mode that others rule out, a MAC that is taken, a name that is taken', async () => {
    const [pod, other] = [await host.addPod(), await host.addPod()];
    const mac = '02:00:5e:10:00:01';
    expect((await call('ADD', pod, { mac }, 'first')).error).toBeUndefined();
    const alone = await call('ADD', other, { mode: 'passthru' }, 'second');
    expect(alone.error?.msg).toBe('failed to create macvlan: invalid argument');
    expect(alone.error?.details).toContain(
      'in mode passthru only one macvlan; on it stand first (eth0, macvlan mode bridge)',
    );
    const taken = await call('ADD', other, { mac }, 'second');
    expect(taken.error?.details).toContain(`another link on lan0 has the MAC ${mac} already`);
    expect(await linksIn(other)).toEqual([]);
    const again = await call('ADD', pod, {}, 'second');
    expect(again.error?.msg).toBe('failed to rename macvlan to "eth0": file exists');
    // A runtime cleans up after a failed ADD, and must not hit the one that is there.
    const cleaned = await call('DEL', pod, {}, 'second');
    expect(cleaned.stderr).toContain('belongs to cni-ts:net/first/eth0');
    expect(await linksIn(pod)).toEqual(['eth0']);
    expect((await call('DEL', pod, {}, 'first')).exitCode).toBe(0);
    await pod.ip('link add name eth0 type bridge');
    expect((await call('DEL', pod)).stderr).toContain('it is a bridge');
    expect(await linksIn(pod)).toEqual(['eth0']);
  });

  test('a link below that is a port', async () => {
    const pod = await host.addPod();
    await host.ip('link add name br0 type bridge');
    await host.ip('link set dev lan1 master br0');
    const { error } = await call('ADD', pod, { master: 'lan1' });
    await host.ip('link set dev lan1 nomaster');
    await host.ip('link del dev br0');
    expect(error?.msg).toBe('failed to create macvlan: device or resource busy');
    expect(error?.details).toContain('lan1 is a port of br0: name that as "master"');
  });
});

test('pods on one link reach each other, in both families, with the first packet', async () => {
  const pods = await Promise.all([host.addPod(), host.addPod()]);
  const addresses: string[] = [];
  for (const [index, pod] of pods.entries()) {
    const { result } = await call('ADD', pod, { ipam: DUAL }, `c${index}`);
    addresses.push(...(result?.ips ?? []).map(({ address }) => address.replace(/\/.*/, '')));
  }
  expect(addresses).toHaveLength(4);
  const [a] = pods;
  for (const address of addresses.slice(2))
    expect((await a.run(['ping', '-c1', '-W1', address])).exitCode, address).toBe(0);
  for (const [index, pod] of pods.entries()) await call('DEL', pod, { ipam: DUAL }, `c${index}`);
});

test('dhcp finds the link there, when it asks for an address and when it gives it back', async () => {
  const pod = await host.addPod();
  mkdirSync(`${host.root}/run/plugins`);
  const result = '{"cniVersion":"1.1.0","ips":[{"address":"10.1.0.9/24"}]}';
  const script = `#!/bin/sh
nsenter --net="$CNI_NETNS" ip -br link show dev "$CNI_IFNAME" >>/run/plugins/seen || exit 1
[ "$CNI_COMMAND" = ADD ] && echo '${result}'
exit 0
`;
  writeFileSync(`${host.root}/run/plugins/dhcp`, script);
  chmodSync(`${host.root}/run/plugins/dhcp`, 0o755);
  const path = { path: `/run/plugins:${BUILT_PLUGINS}` };
  for (const verb of ['ADD', 'DEL']) {
    expect((await call(verb, pod, { ipam: { type: 'dhcp' } }, 'c1', path)).error).toBeUndefined();
  }
  const { stdout } = await host.run(['cat', '/run/plugins/seen']);
  expect(stdout.trim().split('\n')).toEqual([
    expect.stringMatching(/^eth0@\S+ +DOWN/),
    expect.stringMatching(/^eth0@\S+ +UP/),
  ]);
  await host.run(['rm', '-r', '/run/plugins']);
});

test('STATUS', async () => {
  const status = (conf: object) => callPlugin(host, 'macvlan', { verb: 'STATUS', conf: confOf(conf) });
  expect((await status({})).error).toBeUndefined();
  expect((await status({ master: 'nowhere', linkInContainer: true })).error).toBeUndefined();
  for (const conf of [{ master: 'nowhere' }, { master: '' }, { mode: 'x' }, { mtu: 9000 }]) {
    expect((await status(conf)).error).toMatchObject({ code: 50 });
  }
});
