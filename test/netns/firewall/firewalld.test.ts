import { afterAll, beforeAll, expect, test } from 'vitest';
import { referenceSuite } from '../bridge/suites.ts';
import { createHost, type Host, type Pod } from '../harness/host.ts';
import { BUILT_PLUGINS } from '../harness/plugin.ts';
import { type Firewalld, startFirewalld } from './firewalld.ts';
import { callFirewall, IPV4, IPV6, rulesOf } from './support.ts';

const { folder: REFERENCE } = await referenceSuite();

let host: Host;
let pod: Pod;
let firewalld: Firewalld;

beforeAll(async () => {
  host = await createHost('firewalld');
  pod = await host.addPod();
  firewalld = await startFirewalld(host);
}, 60_000);

afterAll(async () => {
  await firewalld.stop();
  await host.dispose();
});

const both = { what: 'both families', ips: [IPV4, IPV6] };

test.each<[string, string]>([
  ['ours', BUILT_PLUGINS],
  ['reference', REFERENCE],
])('%s: the addresses are sources of the zone, and no longer after DEL', async (_, folder) => {
  const place = { host, pod };
  expect((await callFirewall(folder, 'ADD', place, both)).exitCode).toBe(0);
  expect((await firewalld.ask('--zone=trusted', '--list-sources')).split(' ').sort()).toEqual([
    '10.1.2.3/32',
    'fd00:1::3/128',
  ]);
  expect((await callFirewall(folder, 'CHECK', place, both)).stdout).toBe('');
  expect((await callFirewall(folder, 'DEL', place, both)).exitCode).toBe(0);
  expect(await firewalld.ask('--zone=trusted', '--list-sources')).toBe('');
});

test('what one suite adds the other removes', async () => {
  const place = { host, pod };
  for (const [adder, deleter] of [
    [REFERENCE, BUILT_PLUGINS],
    [BUILT_PLUGINS, REFERENCE],
  ] as const) {
    await callFirewall(adder, 'ADD', place, both);
    expect((await callFirewall(deleter, 'CHECK', place, both)).stdout).toBe('');
    expect((await callFirewall(deleter, 'DEL', place, both)).exitCode).toBe(0);
    expect(await firewalld.ask('--zone=trusted', '--list-sources')).toBe('');
  }
});

test('an address that is in the zone already is fine, and one that is gone is missed by CHECK', async () => {
  const place = { host, pod };
  await firewalld.ask('--zone=internal', '--add-source=10.1.2.3/32');
  const one = { what: 'a zone', conf: { firewalldZone: 'internal' } };
  expect((await callFirewall(BUILT_PLUGINS, 'ADD', place, one)).exitCode).toBe(0);
  await firewalld.ask('--zone=internal', '--remove-source=10.1.2.3/32');
  const { error } = await callFirewall(BUILT_PLUGINS, 'CHECK', place, one);
  expect(error?.msg).toBe('failed to find the address 10.1.2.3 in internal zone');
  expect((await callFirewall(BUILT_PLUGINS, 'DEL', place, one)).exitCode).toBe(0);
});

test('a zone that does not exist is an error that names it, and leaves nothing', async () => {
  const one = { what: 'no zone', conf: { firewalldZone: 'nowhere' } };
  const { error } = await callFirewall(BUILT_PLUGINS, 'ADD', { host, pod }, one);
  expect(error?.msg).toMatch(/^failed to add the address 10\.1\.2\.3 to nowhere zone: .*INVALID_ZONE/);
  expect((await host.run(['ls', '/run/cni-ts/attachments'])).stdout).toBe('');
});

test('a policy beside it is made of rules', async () => {
  const one = { what: 'isolated', conf: { ingressPolicy: 'isolated' } };
  await callFirewall(BUILT_PLUGINS, 'ADD', { host, pod }, one);
  expect(await rulesOf(host)).toContain('-A CNI-ISOLATION-STAGE-1 -i cni0 -o cni0');
  expect((await callFirewall(BUILT_PLUGINS, 'CHECK', { host, pod }, one)).stdout).toBe('');
  await callFirewall(BUILT_PLUGINS, 'DEL', { host, pod }, one);
});

test('STATUS knows whether it runs', async () => {
  const one = { what: 'asked for', cniVersion: '1.1.0', conf: { backend: 'firewalld' } };
  expect((await callFirewall(BUILT_PLUGINS, 'STATUS', { host, pod }, one)).stdout).toBe('');
  const env = { DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/run/nobody' };
  const { error } = await callFirewall(BUILT_PLUGINS, 'STATUS', { host, pod }, one, {}, env);
  expect(error).toMatchObject({ code: 50, msg: 'plugin firewall is not available' });
});
