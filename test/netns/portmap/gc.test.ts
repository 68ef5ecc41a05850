import { describe, expect, test } from 'vitest';
import type { PluginCall } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import { OURS, referenceSuite } from './suites.ts';
import { BACKENDS, callOf, containerRulesOn, type Mapped, notesOn, SHARED, succeed, tcp, udp } from './support.ts';

const REFERENCE = await referenceSuite();
const host = await useHost({ mayStay: SHARED });

function gcOf(valid: readonly Mapped[], network = 'net', list = true): PluginCall {
  const attachments = valid.map(({ containerId, ifName = 'eth0' }) => ({ containerID: containerId, ifname: ifName }));
  const keys = list ? { 'cni.dev/valid-attachments': attachments, 'cni.dev/attachments': attachments } : {};
  return { verb: 'GC', conf: { cniVersion: '1.1.0', name: network, type: 'portmap', ...keys } };
}

async function container(containerId: string, backend: string, parts: Partial<Mapped> = {}): Promise<Mapped> {
  const number = containerId.charCodeAt(0);
  const addresses = [`10.99.0.${number}/16`, `fd00:99::${number}/64`];
  return {
    pod: await host.addPod(),
    containerId,
    mappings: [tcp(8000 + number, 80), udp(53, 53, `192.0.2.${number}`)],
    conf: { backend },
    addresses,
    ...parts,
  };
}

describe.each(BACKENDS)('%s', (backend) => {
  test('what no valid attachment has goes, and nothing else', async () => {
    const [valid, stale, foreign] = [
      await container('a', backend),
      await container('b', backend),
      await container('c', backend, { network: 'other' }),
    ];
    for (const one of [valid, foreign]) await succeed(host, OURS, callOf('ADD', one));
    const [rules, notes] = [await containerRulesOn(host), await notesOn(host)];
    await succeed(host, OURS, callOf('ADD', stale));
    await succeed(host, OURS, gcOf([valid], 'net', false));
    expect(await containerRulesOn(host)).not.toEqual(rules);
    const { stderr } = await succeed(host, OURS, gcOf([valid]));
    expect(stderr).toContain('removed what was left of b (eth0)');
    expect([await containerRulesOn(host), await notesOn(host)]).toEqual([rules, notes]);
    expect((await succeed(host, OURS, gcOf([valid]))).stderr).toBe('');
    await succeed(host, OURS, gcOf([]));
    await succeed(host, OURS, callOf('CHECK', foreign));
    await succeed(host, OURS, gcOf([], 'other'));
    expect([await containerRulesOn(host), await notesOn(host)]).toEqual([[], []]);
  });

  test('one of two interfaces in a network', async () => {
    const one = await container('a', backend);
    const two = { ...one, ifName: 'eth1', addresses: ['10.99.1.1/16'], mappings: [tcp(9000, 90)] };
    await succeed(host, OURS, callOf('ADD', one));
    const rules = await containerRulesOn(host);
    await succeed(host, OURS, callOf('ADD', two));
    await succeed(host, OURS, gcOf([one]));
    expect(await containerRulesOn(host)).toEqual(rules);
    await succeed(host, OURS, callOf('DEL', one));
    expect(await notesOn(host)).toEqual([]);
  });

  test('the record is lost, the list of ports is not', async () => {
    const one = await container('a', backend);
    await succeed(host, OURS, callOf('ADD', one));
    await host.run(['rm', '-r', '/run/cni-ts/attachments/a']);
    await succeed(host, OURS, gcOf([]));
    expect([await containerRulesOn(host), await notesOn(host)]).toEqual([[], []]);
  });
});

test('containers of the reference with iptables, even with a very long id', async () => {
  const valid = await container('a', 'iptables');
  const stale = await container('b', 'iptables');
  const long = await container('d'.repeat(250), 'iptables', { mappings: [tcp(9999, 99)] });
  await succeed(host, REFERENCE, callOf('ADD', valid));
  const rules = await containerRulesOn(host);
  for (const one of [stale, long]) await succeed(host, REFERENCE, callOf('ADD', one));
  await succeed(host, OURS, gcOf([valid]));
  expect(await containerRulesOn(host)).toEqual(rules);
  await succeed(host, OURS, gcOf([]));
  expect(await containerRulesOn(host)).toEqual([]);
});

test('foreign rules stay', async () => {
  const one = await container('a', 'iptables');
  await succeed(host, OURS, callOf('ADD', one));
  await succeed(host, OURS, callOf('DEL', one));
  const lines = [
    '-t nat -N CNI-DN-000000000000000000000',
    '-t nat -A CNI-HOSTPORT-DNAT -p tcp --dport 1 -j CNI-DN-000000000000000000000',
  ];
  for (const line of lines) expect((await host.run(['iptables', ...line.split(' ')])).exitCode).toBe(0);
  const before = await containerRulesOn(host);
  await succeed(host, OURS, gcOf([]));
  expect(await containerRulesOn(host)).toEqual(before);
  await host.run(['sh', '-c', 'iptables -t nat -F CNI-HOSTPORT-DNAT; iptables -t nat -X CNI-DN-000000000000000000000']);
});
