import { describe, expect, test } from 'vitest';
import { attachmentOf, SHARED as SHARED_BY_BRIDGE } from '../bridge/support.ts';
import { createHost } from '../harness/host.ts';
import { Runtime } from '../harness/libcni.ts';
import type { Conflist } from '../harness/libcni-conf.ts';
import { useHost } from '../harness/use.ts';
import { withoutProgram } from '../harness/without.ts';
import { OURS } from './suites.ts';
import { BACKENDS, callOf, containerRulesOn, type Mapped, notesOn, SHARED, succeed, tcp, udp } from './support.ts';

const host = await useHost({ mayStay: [...SHARED_BY_BRIDGE, ...SHARED] });

function listOf(conf: object = {}, cniVersion = '1.1.0'): Conflist {
  const ranges = [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00:1::/64' }]];
  const bridge = { type: 'bridge', isGateway: true, ipMasq: true, ipam: { type: 'host-local', ranges } };
  const portmap = { type: 'portmap', capabilities: { portMappings: true }, ...conf };
  return { cniVersion, name: 'net', plugins: [bridge, portmap] };
}

describe.each(BACKENDS)('after bridge, %s', (backend) => {
  test.each(['0.3.1', '0.4.0', '1.0.0', '1.1.0'])('%s: all verbs', async (cniVersion) => {
    const list = listOf({ backend }, cniVersion);
    const pod = await host.addPod();
    const attachment = { ...attachmentOf(pod), capabilities: { portMappings: [tcp(8080, 80), udp(53, 53)] } };
    const runtime = new Runtime(host);
    const result = await runtime.add(list, attachment);
    // The bridge's result goes on as it was.
    expect(result?.interfaces?.map(({ name }) => name)).toContain('eth0');
    expect((await containerRulesOn(host)).filter((line) => line.includes('8080')).length).toBeGreaterThan(1);
    const { stdout } = await host.run(['cat', '/proc/sys/net/ipv4/conf/cni0/route_localnet']);
    expect(stdout.trim()).toBe('1');
    if (cniVersion !== '0.3.1') await runtime.check(list, attachment);
    if (cniVersion === '1.1.0') {
      await runtime.status(list);
      await runtime.gc(list, [attachment]);
      await runtime.check(list, attachment);
    }
    await runtime.delTwice(list, attachment);
    expect([await containerRulesOn(host), await notesOn(host)]).toEqual([[], []]);
  });
});

test('nftables: a container that needs a chain which those before it had no use for', async () => {
  const fresh = await createHost('fresh');
  try {
    for (const snat of [false, true]) {
      const mapped: Mapped = {
        pod: await fresh.addPod(),
        mappings: [tcp(8080 + Number(snat), 80)],
        containerId: `snat-${snat}`,
        conf: { backend: 'nftables', snat },
      };
      await succeed(fresh, OURS, callOf('ADD', mapped));
      await succeed(fresh, OURS, callOf('CHECK', mapped));
    }
    expect((await containerRulesOn(fresh)).filter((line) => line.includes('masquerade')).length).toBeGreaterThan(0);
  } finally {
    await fresh.dispose();
  }
});

test('keys as containerd writes them', async () => {
  const pod = await host.addPod();
  const mapping = { HostPort: 8080, ContainerPort: 80, Protocol: 'tcp', HostIP: '' };
  const attachment = { ...attachmentOf(pod), capabilities: { portMappings: [mapping] } };
  const runtime = new Runtime(host);
  await runtime.add(listOf({ backend: 'nftables' }), attachment);
  expect((await containerRulesOn(host)).join()).toContain('tcp dport 8080 dnat to 10.1.0');
  await runtime.delTwice(listOf({ backend: 'nftables' }), attachment);
});

test('without iptables, nftables is taken, and DEL knows it', async () => {
  const mapped: Mapped = { pod: await host.addPod(), mappings: [tcp(8080, 80)] };
  await withoutProgram(host, 'iptables', () => succeed(host, OURS, callOf('ADD', mapped)).then(() => {}));
  expect((await containerRulesOn(host)).join()).toContain('tcp dport 8080 dnat to 10.99.0.2:80');
  await succeed(host, OURS, callOf('CHECK', mapped));
  await succeed(host, OURS, callOf('DEL', mapped));
  expect([await containerRulesOn(host), await notesOn(host)]).toEqual([[], []]);
});

test('a namespace that cannot be opened', async () => {
  const mapped: Mapped = { pod: await host.addPod(), mappings: [tcp(8080, 80)] };
  await mapped.pod.remove();
  await expect(succeed(host, OURS, callOf('ADD', mapped))).rejects.toThrow('failed to open netns');
  expect(await notesOn(host)).toEqual([]);
});

test('a list of ports that cannot be kept keeps nobody from their ports', async () => {
  const mapped: Mapped = { pod: await host.addPod(), mappings: [tcp(8080, 80)] };
  const env = { CNI_TS_RUN_DIR: '/proc/nowhere' };
  const { stderr } = await succeed(host, OURS, { ...callOf('ADD', mapped), env });
  expect(stderr).toContain('no list of host ports');
  await succeed(host, OURS, { ...callOf('DEL', mapped), env });
  expect(await containerRulesOn(host)).toEqual([]);
});
