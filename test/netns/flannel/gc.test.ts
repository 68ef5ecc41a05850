import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { referencePlugins } from '../../../scripts/lib/reference.ts';
import { attachmentOf, leasesOn, vethsOn } from '../bridge/support.ts';
import { Runtime } from '../harness/libcni.ts';
import type { Conflist } from '../harness/libcni-conf.ts';
import { BUILT_PLUGINS, callPlugin } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import { DATA_DIR, flannelList, NODE, removeSubnets, STAYS, storedOn, writeSubnets } from './support.ts';

const host = await useHost({ mayStay: [...STAYS, /^host (?:link|address) br-two /, /^host .*"dev":"br-two/] });

const ONE = flannelList({}, { cniVersion: '1.1.0' });
const TWO = flannelList(
  { delegate: { bridge: 'br-two' }, subnetFile: '/run/flannel/two.env' },
  { cniVersion: '1.1.0', name: 'two' },
);

/** Both networks of a host. */
async function writeBoth(): Promise<void> {
  writeSubnets(host, { ...NODE, masquerades: false });
  await host.run(['sh', '-c', 'sed s/10.244/10.250/ /run/flannel/subnet.env > /run/flannel/two.env']);
}

function gc(list: Conflist, valid: readonly string[] | undefined) {
  const attachments = valid?.map((text) => {
    const [containerID = '', ifname = ''] = text.split('/');
    return { containerID, ifname };
  });
  const extra = attachments === undefined ? {} : { 'cni.dev/valid-attachments': attachments };
  const conf = { ...list.plugins[0], cniVersion: '1.1.0', name: list.name, ...extra };
  return callPlugin(host, 'flannel', { verb: 'GC', conf });
}

test.each([
  ['nothing is lost', []],
  ['records are lost', ['/run/cni-ts']],
  ['files are lost', [DATA_DIR]],
  ['files and records are lost', [DATA_DIR, '/run/cni-ts']],
  ['flannel is uninstalled', ['/run/flannel']],
] as const)('GC keeps what is valid and what is of another network: %s', async (_, lost) => {
  await writeBoth();
  const runtime = new Runtime(host);
  const pods = await Promise.all(Array.from({ length: 4 }, () => host.addPod()));
  for (const [index, pod] of pods.entries()) {
    await runtime.add(index < 3 ? ONE : TWO, attachmentOf(pod, `c${index}`));
  }
  const [first] = pods;
  if (first === undefined) throw new Error('there is no pod');
  // One container in both networks; the file of the reference's form is that of the first.
  await runtime.add(TWO, attachmentOf(first, 'c0', 'net1'));
  await host.run(['rm', '-rf', ...lost]);

  expect((await gc(ONE, undefined)).exitCode).toBe(0);
  expect(await vethsOn(host)).toHaveLength(5);
  const kept = await gc(ONE, ['c1/eth0', 'c2/other']);
  expect(kept.error).toBeUndefined();
  expect(await leasesOn(host, 'cbr0')).toHaveLength(1);
  expect(await leasesOn(host, 'two')).toHaveLength(2);
  expect(await vethsOn(host)).toHaveLength(3);
  const rules = await host.run(['iptables-save', '-t', 'nat']);
  expect(rules.stdout).not.toContain('name: \\"cbr0\\" id: \\"c0\\"');
  expect(rules.stdout).toContain('name: \\"two\\" id: \\"c0\\"');
  expect(rules.stdout).toContain('name: \\"cbr0\\" id: \\"c1\\"');
  if (!(lost as readonly string[]).includes(DATA_DIR)) {
    const stored = await storedOn(host);
    expect(stored).toContain('c1');
    expect(stored).toContain('c3');
    expect(stored).toContain('.cni-ts/c0/net1:two:flannel.json');
    // Without a record it does not say for which interface it is, so any valid one keeps it.
    expect(stored.includes('c2')).toBe((lost as readonly string[]).includes('/run/cni-ts'));
  }
  expect((await gc(TWO, [])).exitCode).toBe(0);
  expect((await gc(ONE, [])).exitCode).toBe(0);
  expect(await vethsOn(host)).toEqual([]);
  expect(await storedOn(host)).toEqual([]);
});

test('GC leaves alone what does not say whose it is', async () => {
  writeSubnets(host);
  await host.run(['mkdir', '-p', DATA_DIR]);
  const texts = { empty: '', cut: '{"name":"cbr0","ty', foreign: '{"name":"two","type":"bridge"}', list: '[]' };
  for (const [name, text] of Object.entries(texts)) writeFileSync(`${host.root}${DATA_DIR}/${name}`, text);
  const { exitCode, stderr } = await gc(ONE, []);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(await storedOn(host)).toEqual(Object.keys(texts).sort());
  await host.run(['rm', '-r', DATA_DIR]);
});

test.each([
  ['by that one', true],
  ['without it, where it is not installed any more', false],
] as const)('what another delegate attached is removed %s', async (_, isInstalled) => {
  writeSubnets(host);
  await host.ip('link add name eth9 type veth peer name eth9-peer');
  await host.run(['mkdir', '-p', '/run/foreign']);
  await host.run(['cp', `${await referencePlugins()}/macvlan`, '/run/foreign/foreign-macvlan']);
  const foreign = flannelList(
    { delegate: { type: 'foreign-macvlan', master: 'eth9' }, ipam: { dataDir: '/run/leases' } },
    { cniVersion: '1.1.0' },
  );
  const path = [BUILT_PLUGINS, '/run/foreign'];
  const runtime = new Runtime(host, path);
  const pod = await host.addPod();
  await runtime.add(foreign, attachmentOf(pod));
  await pod.remove();
  const leases = () => host.run(['sh', '-c', 'ls /run/leases/cbr0/10.*']);
  expect((await leases()).stdout).not.toBe('');
  // The network was changed to another delegate and other leases meanwhile, and the old one perhaps removed.
  if (!isInstalled) await host.run(['rm', '/run/foreign/foreign-macvlan']);
  const conf = { ...ONE.plugins[0], cniVersion: '1.1.0', name: 'cbr0', 'cni.dev/valid-attachments': [] };
  const { error, stderr } = await callPlugin(host, 'flannel', { verb: 'GC', path: path.join(':'), conf });
  expect(error).toBeUndefined();
  expect(stderr).toContain('flannel: removed what was left of c1 (eth0)');
  expect((await leases()).stdout).toBe('');
  expect(await storedOn(host)).toEqual([]);
  await host.run(['rm', '-rf', '/run/foreign', '/run/leases']);
  await host.ip('link del dev eth9');
});

test('what the reference left of containers that are gone', async () => {
  writeSubnets(host);
  const runtime = new Runtime(host);
  const pod = await host.addPod();
  await runtime.add(ONE, attachmentOf(pod));
  await host.run(['rm', '-rf', '/run/cni-ts']);
  await pod.remove();
  removeSubnets(host);
  const { exitCode, stderr } = await gc(ONE, []);
  expect(exitCode).toBe(0);
  expect(stderr).toContain('flannel: removed what was left of c1 (all interfaces)');
  expect(await leasesOn(host, 'cbr0')).toEqual([]);
  expect(await storedOn(host)).toEqual([]);
});
