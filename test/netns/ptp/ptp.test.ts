import { describe, expect, test } from 'vitest';
import { DUAL } from '../bridge/cases.ts';
import { attachmentOf, leasesOn, SHARED, vethsOn } from '../bridge/support.ts';
import type { Host, Pod } from '../harness/host.ts';
import { ChainError, Runtime } from '../harness/libcni.ts';
import type { Conflist } from '../harness/libcni-conf.ts';
import { callPlugin } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';

const host = await useHost({ mayStay: SHARED });

const MASQUERADES = [{}, { ipMasq: true, ipMasqBackend: 'iptables' }, { ipMasq: true, ipMasqBackend: 'nftables' }];

function listOf(conf: object = {}): Conflist {
  return { cniVersion: '1.1.0', name: 'net', plugins: [{ type: 'ptp', ipam: DUAL, ...conf }] };
}

function call(verb: string, conf: object, more: object = {}) {
  const [plugin] = listOf(conf).plugins;
  return callPlugin(host, 'ptp', { verb, ...more, conf: { ...plugin, cniVersion: '1.1.0', name: 'net', ...more } });
}

async function expectNothing(): Promise<void> {
  expect(await vethsOn(host)).toEqual([]);
  expect(await leasesOn(host)).toEqual([]);
}

const loseRecords = (at: Host) => at.run(['rm', '-rf', '/run/cni-ts']);

/** What has happened between ADD and DEL, and how DEL is called then. */
const SCENARIOS: readonly {
  readonly title: string;
  readonly before?: (host: Host, pod: Pod) => Promise<unknown>;
  readonly changed?: object;
  readonly netns?: string;
  readonly prevResult?: false;
}[] = [
  { title: 'all is as it was' },
  { title: 'neither namespace nor result', netns: '', prevResult: false },
  { title: 'the namespace is gone', before: (_, pod) => pod.remove(), prevResult: false },
  { title: 'the record is lost', before: loseRecords },
  { title: 'the record and the result are lost', before: loseRecords, prevResult: false },
  { title: 'the record, the result and the namespace are lost', before: loseRecords, netns: '', prevResult: false },
  {
    title: "the host's end was deleted",
    before: async (at) => at.ip(`link del dev ${(await vethsOn(at))[0] ?? 'none'}`),
  },
  {
    title: 'the configuration is another one',
    changed: { ipMasq: false, ipam: { type: 'host-local', subnet: '10.7.0.0/24' } },
  },
  { title: 'there is no IPAM any more', changed: { ipam: {} } },
];

test.each(SCENARIOS)('DEL leaves nothing, twice: $title', async ({ before, changed, netns, prevResult }) => {
  for (const masquerade of MASQUERADES) {
    const pod = await host.addPod();
    const runtime = new Runtime(host);
    const attachment = attachmentOf(pod);
    await runtime.add(listOf(masquerade), attachment);
    expect(await leasesOn(host)).toHaveLength(2);
    await before?.(host, pod);
    const how = { ...(netns === undefined ? {} : { netns }), ...(prevResult === undefined ? {} : { prevResult }) };
    const later = listOf({ ...masquerade, ...changed });
    await runtime.del(later, attachment, how);
    await runtime.del(later, attachment, { netns: '', prevResult: false });
    await expectNothing();
  }
});

const DRIFTS: readonly (readonly [string, (pod: Pod, veth: string) => Promise<unknown>, RegExp | undefined])[] = [
  ['nothing', async () => {}, undefined],
  ['another MAC on the host', (_, veth) => host.ip(`link set dev ${veth} address 02:00:00:00:00:77`), undefined],
  ['the address is gone', (pod) => pod.ip('-4 addr flush dev eth0'), /Failed to match addr 10\.1\.0\.\d+\/24/],
  ['the route is gone', (pod) => pod.ip('route del default'), /Expected Route 0\.0\.0\.0\/0 not found/],
  ['another MAC', (pod) => pod.ip('link set dev eth0 address 02:00:00:00:00:78'), /doesn't match container Mac/],
  ['the link is gone', (pod) => pod.ip('link del dev eth0'), /^ptp: Container Interface name in prevResult: eth0 not/],
  ["the host's end is down", (_, veth) => host.ip(`link set dev ${veth} down`), /on the host is down/],
  ['no gateway', (_, veth) => host.ip(`addr del 10.1.0.1/32 dev ${veth}`), /lacks the gateway's address 10\.1\.0\.1/],
  ['no way to the pod', (_, veth) => host.ip(`-4 route flush dev ${veth}`), /no route on the host leads to 10\.1\.0\./],
  ['forwarding is off', () => host.run(['sysctl', '-qw', 'net.ipv4.ip_forward=0']), /forwarding is off: net\/ipv4/],
  ['no masquerade', () => host.run(['iptables', '-t', 'nat', '-F']), /missing in the nat table/],
];

test('CHECK names what is not as ADD made it', async () => {
  const list = listOf({ ipMasq: true, ipMasqBackend: 'iptables' });
  for (const [title, drift, says] of DRIFTS) {
    const pod = await host.addPod();
    const runtime = new Runtime(host);
    const attachment = attachmentOf(pod);
    await runtime.add(list, attachment);
    await drift(pod, (await vethsOn(host))[0] ?? '');
    const said = await runtime.check(list, attachment).then(
      () => '',
      (thrown: unknown) =>
        thrown instanceof ChainError ? `${thrown.outcome.error?.msg}; ${thrown.outcome.error?.details}` : thrown,
    );
    if (says === undefined) expect(said, title).toBe('');
    else expect(said, title).toMatch(says);
    await runtime.del(list, attachment);
  }
});

test.each([false, true])('GC keeps what is valid and takes the rest, records lost: %s', async (losesRecords) => {
  for (const conf of MASQUERADES) {
    const pods = await Promise.all([host.addPod(), host.addPod(), host.addPod()]);
    for (const [index, pod] of pods.entries()) {
      expect((await call('ADD', conf, attachmentOf(pod, `c${index}`))).error).toBeUndefined();
    }
    if (losesRecords) await loseRecords(host);
    expect((await call('GC', conf)).exitCode).toBe(0);
    expect(await vethsOn(host)).toHaveLength(3);
    const valid = (ids: readonly string[]) => ids.map((containerID) => ({ containerID, ifname: 'eth0' }));
    const kept = await call('GC', conf, { 'cni.dev/valid-attachments': valid(['c1']) });
    expect(kept.error).toBeUndefined();
    expect(kept.stderr).toContain('c0');
    expect(kept.stderr).not.toContain('c1');
    expect(await vethsOn(host)).toHaveLength(1);
    expect(await leasesOn(host)).toHaveLength(2);
    expect((await call('GC', conf, { 'cni.dev/valid-attachments': [] })).exitCode).toBe(0);
    await expectNothing();
  }
});

describe('what ADD refuses or takes back', () => {
  const fixed = (addresses: readonly object[], more: object = {}) => ({ type: 'static', addresses, ...more });

  test('an address without a gateway, an unreachable route, a name that is taken, a mistake', async () => {
    const pod = await host.addPod();
    const attachment = attachmentOf(pod);
    const address = { address: '10.1.0.5/24', gateway: '10.1.0.1' };
    const unreachable = {
      type: 'host-local',
      subnet: '10.1.0.0/24',
      routes: [{ dst: '10.9.0.0/16', gw: '10.77.0.1' }],
    };
    for (const [conf, message] of [
      [{ ipam: fixed([{ address: '10.1.0.5/24' }]) }, 'failed to add route: 10.1.0.5/24 has no gateway'],
      [{ ipam: unreachable, ipMasq: true }, /^failed to add route '10\.9\.0\.0\/16 via 10\.77\.0\.1 dev eth0/],
      [{ ipam: fixed([]) }, 'IPAM plugin returned missing IP config'],
      [{ ipam: {} }, 'no plugin name provided'],
      [{ ipMasq: true, ipMasqBackend: 'x' }, 'unknown ipmasq backend "x"'],
      [{ mtu: 20, ipam: fixed([address]) }, 'invalid MTU 20'],
    ] as const) {
      const { error } = await call('ADD', conf, attachment);
      if (typeof message === 'string') expect(error?.msg).toBe(message);
      else expect(error?.msg).toMatch(message);
      expect(await pod.ip('-o link show')).not.toContain('eth0');
      await expectNothing();
    }
    await pod.ip('link add name eth0 type bridge');
    expect((await call('ADD', {}, attachment)).error?.msg).toContain('already exists');
    expect((await call('DEL', {}, attachment)).exitCode).toBe(0);
    expect(await pod.ip('-br link show dev eth0')).toContain('eth0');
  });

  test('an address that the host has a way to already', async () => {
    const pod = await host.addPod();
    await host.ip('link add name old type bridge');
    await host.ip('link set dev old up');
    await host.ip('route add 10.1.0.5/32 dev old scope host');
    const ipam = fixed([{ address: '10.1.0.5/24', gateway: '10.1.0.1' }]);
    const { error } = await call('ADD', { ipam }, attachmentOf(pod));
    await host.ip('link del dev old');
    expect(error?.msg).toBe('failed to add route on host: file exists');
    expect(error?.details).toContain('ip route add 10.1.0.5/32 dev veth');
    await expectNothing();
  });

  test('two addresses behind one gateway, and a single address, which the reference cannot do', async () => {
    const pod = await host.addPod();
    const attachment = attachmentOf(pod);
    const gateway = '10.1.0.1';
    const shared = fixed([
      { address: '10.1.0.5/24', gateway },
      { address: '10.1.0.6/24', gateway },
    ]);
    const single = fixed([{ address: '10.1.0.5/32', gateway: '169.254.1.1' }], { routes: [{ dst: '0.0.0.0/0' }] });
    for (const ipam of [shared, single]) {
      const { error } = await call('ADD', { ipam }, attachment);
      expect(error).toBeUndefined();
      expect((await host.run(['ping', '-c1', '-W1', '10.1.0.5'])).exitCode).toBe(0);
      expect((await pod.run(['ping', '-c1', '-W1', ipam === shared ? gateway : '169.254.1.1'])).exitCode).toBe(0);
      expect((await call('DEL', { ipam }, attachment)).exitCode).toBe(0);
    }
  });
});

test('STATUS', async () => {
  expect((await call('STATUS', { ipMasq: true })).error).toBeUndefined();
  expect((await call('STATUS', { ipam: {} })).error).toMatchObject({ code: 50 });
  expect((await call('STATUS', { ipam: { type: 'missing' } })).exitCode).toBe(1);
});
