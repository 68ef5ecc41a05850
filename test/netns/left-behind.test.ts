import { chmodSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { attachmentOf, listOf, SHARED } from './bridge/support.ts';
import { previous } from './firewall/support.ts';
import { BY_IP } from './harness/drivers.ts';
import { callPlugin, type PluginCall } from './harness/plugin.ts';
import { useHost } from './harness/use.ts';
import { withoutProgram } from './harness/without.ts';
import { callOf, SHARED as SHARED_BY_PORTMAP, tcp } from './portmap/support.ts';

const host = await useHost({
  mayStay: [...SHARED, ...SHARED_BY_PORTMAP, /^host (?:iptables-save|nft table ip) .*filter .*CNI-(?:FORWARD|ADMIN)\b/],
});
/** Rules are left to programs, which can be missing. */
const env = { CNI_TS_NETFILTER: 'exec', ...BY_IP };

/** What a call says on stderr; it has to succeed. */
async function said(plugin: string, call: PluginCall): Promise<string> {
  const { exitCode, stdout, stderr } = await callPlugin(host, plugin, { ...call, env: { ...env, ...call.env } });
  expect(exitCode, `${call.verb}: ${stdout}`).toBe(0);
  return stderr;
}

test.each([
  ['iptables-restore', { ipMasq: true, ipMasqBackend: 'iptables' }],
  ['nft', { ipMasq: true, ipMasqBackend: 'nftables' }],
  ['nft', { macspoofchk: true }],
])("a pair's rules that only %s could remove are removed by the next DEL", async (program, conf) => {
  const attachment = attachmentOf(await host.addPod());
  const [plugin] = listOf(conf).plugins;
  const call = { ...attachment, conf: { ...plugin, cniVersion: '1.1.0', name: 'net' } };
  await said('bridge', { ...call, verb: 'ADD' });
  await withoutProgram(host, program, async () => {
    expect(await said('bridge', { ...call, verb: 'DEL' })).toMatch(/^bridge: rules of c1 are left: .*nft|iptables/);
  });
  expect(await said('bridge', { ...call, verb: 'DEL' })).toBe('');
});

test('a note of rules that are left is kept by GC too, and forgotten with them', async () => {
  const attachment = attachmentOf(await host.addPod());
  const [plugin] = listOf({ ipMasq: true, ipMasqBackend: 'iptables' }).plugins;
  const conf = { ...plugin, cniVersion: '1.1.0', name: 'net' };
  await said('bridge', { ...attachment, conf, verb: 'ADD' });
  const gc = { verb: 'GC', conf: { ...conf, 'cni.dev/valid-attachments': [] } };
  await withoutProgram(host, 'iptables-restore', async () => {
    expect(await said('bridge', gc)).toContain('bridge: rules of c1 are left: iptables cannot be found');
  });
  expect(await said('bridge', gc)).toContain('removed what was left of c1');
});

test("the firewall's rules that only iptables-restore could remove are removed by the next DEL", async () => {
  const { path } = await host.addPod();
  const conf = { cniVersion: '1.0.0', name: 'net', backend: 'iptables', prevResult: previous({ what: '' }) };
  const call = { containerId: 'c1', netns: path, ifName: 'eth0', conf };
  await said('firewall', { ...call, verb: 'ADD' });
  await withoutProgram(host, 'iptables-restore', async () => {
    expect(await said('firewall', { ...call, verb: 'DEL' })).toContain('its rules are left');
  });
  expect(await said('firewall', { ...call, verb: 'DEL' })).toBe('');
});

test('what tuning could not put back is put back by the next DEL', async () => {
  const pod = await host.addPod();
  await pod.ip('link add name eth0 type veth peer name other');
  const prevResult = { cniVersion: '1.0.0', interfaces: [{ name: 'eth0', sandbox: pod.path }] };
  const conf = { cniVersion: '1.0.0', name: 'net', mtu: 1400, prevResult };
  const call = { containerId: 'c1', netns: pod.path, ifName: 'eth0', conf };
  await said('tuning', { ...call, verb: 'ADD' });
  await withoutProgram(host, 'ip', async () => {
    expect(await said('tuning', { ...call, verb: 'DEL' })).toContain('eth0 was not put back');
  });
  expect(await pod.ip('link show dev eth0')).toContain('mtu 1400');
  expect(await said('tuning', { ...call, verb: 'DEL' })).toBe('');
  expect(await pod.ip('link show dev eth0')).toContain('mtu 1500');
  await host.run(['rmdir', '/run/cni/tuning', '/run/cni']);
});

test('what nft lists is not taken for a table without rules when it is no listing', async () => {
  const mapped = { pod: await host.addPod(), mappings: [tcp(8080, 80)], conf: { backend: 'nftables' } };
  await said('portmap', callOf('ADD', mapped));
  const folder = `${host.root}/run/fake`;
  await host.run(['mkdir', '/run/fake']);
  writeFileSync(
    `${folder}/nft`,
    '#!/bin/sh\ncase "$*" in *list*) echo garbage ;; *) exec /usr/sbin/nft "$@" ;; esac\n',
  );
  chmodSync(`${folder}/nft`, 0o755);
  const removal = callOf('DEL', mapped);
  const faked = { ...removal, env: { ...env, PATH: '/run/fake:/usr/sbin:/usr/bin' } };
  const { error } = await callPlugin(host, 'portmap', faked);
  expect(error?.msg).toContain('nft listed something else than table ip cni_hostport');
  await host.run(['rm', '-r', '/run/fake']);
  expect(await said('portmap', removal)).toBe('');
});
