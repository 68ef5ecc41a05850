import { expect, test } from 'vitest';
import { callPlugin } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import { withoutProgram } from '../harness/without.ts';
import { listOf, SHARED } from './support.ts';

const host = await useHost({ mayStay: SHARED });

function status(conf: object = {}, env: Readonly<Record<string, string>> = {}) {
  const [plugin] = listOf(conf).plugins;
  return callPlugin(host, 'bridge', { verb: 'STATUS', env, conf: { ...plugin, cniVersion: '1.1.0', name: 'net' } });
}

test('a node on which every ADD can succeed', async () => {
  const { exitCode, stdout, stderr } = await status({ ipMasq: true });
  expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: '', stderr: '' });
});

test('a node whose bridges pass iptables by is one on which pods work', async () => {
  await host.run(['mount', '-t', 'tmpfs', 'tmpfs', '/proc/sys/net/bridge']);
  const { exitCode, stderr } = await status();
  await host.run(['umount', '/proc/sys/net/bridge']);
  expect(exitCode).toBe(0);
  expect(stderr).toContain('br_netfilter is not loaded');
});

test('an IPAM plugin that is not available', async () => {
  const { error } = await status({ ipam: { type: 'host-local' } });
  expect(error).toMatchObject({ code: 50, msg: 'plugin host-local is not available' });
});

test('an IPAM plugin that is not there', async () => {
  const { error } = await status({ ipam: { type: 'nope' } });
  expect(error?.msg).toContain('failed to find plugin "nope" in path');
});

test("something else has the bridge's name", async () => {
  await host.ip('link add name cni0 type veth peer name cni0-peer');
  const { error } = await status();
  expect(error).toMatchObject({ code: 50, msg: 'plugin bridge is not available' });
  expect(error?.details).toContain('"cni0" already exists but is not a bridge');
  expect(error?.details).toContain('found a veth');
  await host.ip('link del dev cni0');
});

test('forwarding is off and cannot be switched on', async () => {
  await host.run([
    'sh',
    '-c',
    'echo 0 > /proc/sys/net/ipv4/ip_forward; mount --bind /proc/sys /proc/sys; mount -o remount,ro,bind /proc/sys',
  ]);
  const [gateway, plain] = [await status(), await status({ isGateway: false })];
  await host.run(['umount', '/proc/sys']);
  expect(gateway.error).toMatchObject({ code: 50 });
  expect(gateway.error?.details).toContain('IP forwarding is off');
  expect(plain.exitCode).toBe(0);
});

test.each(['iptables', 'nftables'])('a masquerade without its program: %s', async (ipMasqBackend) => {
  const program = ipMasqBackend === 'iptables' ? 'iptables' : 'nft';
  await withoutProgram(host, program, async () => {
    const { error } = await status({ ipMasq: true, ipMasqBackend });
    expect(error).toMatchObject({ code: 50, msg: 'plugin bridge is not available' });
    expect(error?.details).toContain(program);
    expect((await status({ ipMasqBackend })).exitCode).toBe(0);
  });
});
