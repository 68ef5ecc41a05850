import { expect, test } from 'vitest';
import { compareLines, distinctLines } from '../../../scripts/lib/network-state.ts';
import { BY_IP, NATIVE } from '../harness/drivers.ts';
import type { Pod } from '../harness/host.ts';
import { callPlugin, type PluginOutcome } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import { DUAL } from './cases.ts';
import { normalizedState } from './normalized-state.ts';
import { attachmentOf, leasesOn, SHARED, vethsOn } from './support.ts';

const host = await useHost({ mayStay: SHARED });

/** Every way that commands and namespaces can be had. */
const WAYS: readonly (readonly [title: string, env: Readonly<Record<string, string>>])[] = [
  ['spoken to the kernel', NATIVE],
  ['by ip', BY_IP],
];

const CONFS: readonly (readonly [title: string, conf: object])[] = [
  [
    'both families, masquerade, hairpin',
    { isDefaultGateway: true, ipMasq: true, hairpinMode: true, ipam: { ...DUAL, routes: [] } },
  ],
  ['spoof check, isolated, MTU', { mtu: 1400, macspoofchk: true, portIsolation: true, ipam: DUAL }],
  ['duplicate detection', { isGateway: true, enabledad: true, ipam: DUAL }],
  ['layer 2', { ipam: {} }],
];

function run(pod: Pod, env: Readonly<Record<string, string>>, verb: string, conf: object): Promise<PluginOutcome> {
  return callPlugin(host, 'bridge', {
    verb,
    ...attachmentOf(pod),
    env,
    conf: { cniVersion: '1.0.0', name: 'net', type: 'bridge', ...conf },
  });
}

/** Routes that the kernel makes itself come and go with the search for duplicates. */
const MADE_BY_KERNEL = /^[-+] \w+ route-6 \{"type":"(?:local|anycast|multicast)"/;

function differences(a: readonly string[], b: readonly string[]): readonly string[] {
  return compareLines(distinctLines(a), distinctLines(b)).filter((line) => !MADE_BY_KERNEL.test(line));
}

test.each(CONFS)('every way leads to the same: %s', async (_, conf) => {
  // The bridge is there for all of them.
  const first = await host.addPod();
  await run(first, {}, 'ADD', conf);
  await run(first, {}, 'DEL', conf);
  const states: (readonly string[])[] = [];
  for (const [title, env] of WAYS) {
    const pod = await host.addPod();
    const added = await run(pod, env, 'ADD', conf);
    expect(added.error, title).toBeUndefined();
    const known = { ...conf, prevResult: added.result };
    expect((await run(pod, env, 'CHECK', known)).error, title).toBeUndefined();
    const addresses = (added.result?.ips ?? []).map(({ address }) => address.replace(/\/.*/, ''));
    const state = await normalizedState(host, pod);
    // Every pod has another address; what is compared is everything else.
    states.push(state.map((line) => addresses.reduce((text, address) => text.replaceAll(address, '<address>'), line)));
    expect((await run(pod, env, 'DEL', known)).error, title).toBeUndefined();
    expect(await vethsOn(host), title).toEqual([]);
    expect(await leasesOn(host), title).toEqual([]);
    await pod.remove();
  }
  const [native, ...others] = states;
  for (const other of others) expect(differences(native ?? [], other)).toEqual([]);
});

test.each(WAYS)('a failure is taken back: %s', async (_, env) => {
  const conf = { isGateway: true, ipMasq: true, ipam: { type: 'host-local', subnet: '10.1.0.0/24' } };
  const first = await host.addPod();
  await run(first, {}, 'ADD', conf);
  await run(first, {}, 'DEL', conf);
  const pod = await host.addPod();
  const unreachable = { ...conf.ipam, routes: [{ dst: '10.9.0.0/16', gw: '10.77.0.1' }] };
  const { error } = await run(pod, env, 'ADD', { ...conf, ipam: unreachable });
  expect(error?.msg).toBe(
    "failed to add route '10.9.0.0/16 via 10.77.0.1 dev eth0 metric 0 (Scope: universe, Table: 0)': network is unreachable",
  );
  expect(error?.details).toContain('ip route prepend 10.9.0.0/16 via 10.77.0.1 dev eth0');
  expect(await vethsOn(host)).toEqual([]);
  expect(await leasesOn(host)).toEqual([]);
});

test.each(WAYS)('where no record can be kept a pod is added and removed all the same: %s', async (_, env) => {
  const pod = await host.addPod();
  const conf = { isGateway: true, ipMasq: true, ipam: DUAL };
  const nowhere = { ...env, CNI_TS_RUN_DIR: '/proc/nowhere' };
  const added = await run(pod, nowhere, 'ADD', conf);
  expect(added.error).toBeUndefined();
  expect(added.stderr).toContain('no record of this attachment');
  const known = { ...conf, prevResult: added.result };
  expect((await run(pod, nowhere, 'CHECK', known)).error).toBeUndefined();
  expect((await run(pod, nowhere, 'DEL', known)).error).toBeUndefined();
  expect(await vethsOn(host)).toEqual([]);
  expect(await leasesOn(host)).toEqual([]);
});
