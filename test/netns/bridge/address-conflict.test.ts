import { expect, test } from 'vitest';
import { callPlugin } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import { attachmentOf, listOf, SHARED } from './support.ts';

const host = await useHost({ mayStay: SHARED });

const ipam = (subnet: string) => ({ ipam: { type: 'host-local', subnet } });

async function call(verb: string, pod: Awaited<ReturnType<typeof host.addPod>>, id: string, conf: object) {
  const [plugin] = listOf(conf).plugins;
  return callPlugin(host, 'bridge', {
    verb,
    ...attachmentOf(pod, id),
    conf: { ...plugin, cniVersion: '1.1.0', name: 'net', ...conf },
  });
}

const addresses = () => host.ip('-br -4 addr show dev cni0');

test('the subnet of a node changed while pods are running: they keep their gateway, and the error says whose it is', async () => {
  const pods = [await host.addPod(), await host.addPod()] as const;
  for (const [index, pod] of pods.entries()) await call('ADD', pod, `old-${index}`, ipam('10.1.0.0/24'));
  const late = await host.addPod();
  const { error } = await call('ADD', late, 'late', ipam('10.2.0.0/24'));
  expect(error?.msg).toBe('"cni0" already has an IP address different from 10.2.0.1/24');
  expect(error?.details).toContain('it has 10.1.0.1/24, which 2 containers use: old-');
  expect(error?.details).toContain('`ip addr del 10.1.0.1/24 dev cni0`');
  expect(error?.details).toContain('"forceAddress": true');
  expect(await addresses()).toContain('10.1.0.1/24');

  // One of them dies without a word; it does not count any more.
  await pods[0].remove();
  const { error: single } = await call('ADD', late, 'late', ipam('10.2.0.0/24'));
  expect(single?.details).toContain('which 1 container uses: old-1');

  await call('DEL', pods[1], 'old-1', ipam('10.1.0.0/24'));
  const added = await call('ADD', late, 'late', ipam('10.2.0.0/24'));
  expect(added.error).toBeUndefined();
  expect(added.stderr).toContain(
    'bridge: replaced 10.1.0.1/24 on cni0, which no container uses any more, by 10.2.0.1/24',
  );
  expect(await addresses()).not.toContain('10.1.0.1/24');
  expect(await addresses()).toContain('10.2.0.1/24');
  await call('DEL', late, 'late', ipam('10.2.0.0/24'));
  await call('DEL', pods[0], 'old-0', ipam('10.1.0.0/24'));
  await host.ip('link del dev cni0');
});

test('a port of somebody else counts as a user', async () => {
  const pod = await host.addPod();
  await host.ip('link add name cni0 type bridge');
  await host.ip('addr add 10.1.0.1/24 dev cni0');
  await host.ip('link add name theirs type veth peer name theirs-too');
  await host.ip('link set dev theirs master cni0');
  const { error } = await call('ADD', pod, 'c1', ipam('10.2.0.0/24'));
  expect(error?.details).toContain('theirs (not known to this suite)');
  const forced = await call('ADD', pod, 'c1', { ...ipam('10.2.0.0/24'), forceAddress: true });
  expect(forced.exitCode).toBe(0);
  expect(await addresses()).not.toContain('10.1.0.1/24');
  await call('DEL', pod, 'c1', ipam('10.2.0.0/24'));
  await host.ip('link del dev theirs');
  await host.ip('link del dev cni0');
});

test('two gateways of one family, which the reference refuses', async () => {
  const pod = await host.addPod();
  const conf = { ipam: { type: 'host-local', ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: '10.2.0.0/24' }]] } };
  expect((await call('ADD', pod, 'c1', conf)).error).toBeUndefined();
  expect(await addresses()).toMatch(/10\.1\.0\.1\/24.*10\.2\.0\.1\/24/);
  await call('DEL', pod, 'c1', conf);
  await host.ip('link del dev cni0');
});
