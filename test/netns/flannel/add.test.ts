import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { SPEC_VERSIONS } from '../../../pkg/types/version.ts';
import { referencePlugins } from '../../../scripts/lib/reference.ts';
import { attachmentOf, leasesOn } from '../bridge/support.ts';
import { BY_IP, NATIVE } from '../harness/drivers.ts';
import type { Pod } from '../harness/host.ts';
import { Runtime } from '../harness/libcni.ts';
import { BUILT_PLUGINS, callPlugin } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import { DATA_DIR, flannelList, NODE, STAYS, storedOn, WITH_REFERENCE, writeSubnets } from './support.ts';

const host = await useHost({ mayStay: STAYS });
const reference = await referencePlugins();
const DUAL = { ...NODE, network6: 'fd00:10:244::/56', subnet6: 'fd00:10:244:1::1/64' };

/** A result without what is different each time. */
function normalized(stdout: string): string {
  return stdout
    .replace(/"(?:[\da-f]{2}:){5}[\da-f]{2}"/g, '"MAC"')
    .replace(/"veth[\da-f]{8}"/g, '"VETH"')
    .replace(/"10\.244\.1\.\d+\/24"/g, '"IPV4"')
    .replace(/"fd00:10:244:1::[\da-f]+\/64"/g, '"IPV6"');
}

/** The routes of a pod without its own address. */
async function routesOf(pod: Pod): Promise<string> {
  return (await pod.ip('route show')).replace(/ src [\d.]+/g, '');
}

describe.each([
  ['spoken to the kernel', NATIVE],
  ['by ip', BY_IP],
])('%s', (_, env) => {
  test.each(['', ...SPEC_VERSIONS])(
    'the result in version %j is that of the reference’s delegate',
    async (cniVersion) => {
      writeSubnets(host, DUAL);
      const pod = await host.addPod();
      const entry = { ...flannelList().plugins[0], name: 'cbr0', ...(cniVersion === '' ? {} : { cniVersion }) };
      const call = { ...attachmentOf(pod), conf: entry, env };
      const ours = await callPlugin(host, 'flannel', { verb: 'ADD', ...call });
      expect({ error: ours.error, stderr: ours.stderr }).toEqual({ error: undefined, stderr: '' });
      const stored = readFileSync(`${host.root}${DATA_DIR}/c1`, 'utf8');
      const routes = await routesOf(pod);
      expect(routes).toContain('10.244.0.0/16 via 10.244.1.1 dev eth0');
      expect(await pod.ip('-br link show dev eth0')).toContain('eth0');
      expect((await callPlugin(host, 'flannel', { verb: 'DEL', ...call })).exitCode).toBe(0);

      const theirs = { ...attachmentOf(pod), path: reference, conf: stored };
      const added = await callPlugin(host, `${reference}/bridge`, { verb: 'ADD', ...theirs });
      expect(normalized(ours.stdout)).toBe(normalized(added.stdout));
      expect(await routesOf(pod)).toBe(routes);
      await callPlugin(host, `${reference}/bridge`, { verb: 'DEL', ...theirs });
    },
  );
});

test('a copy of flannel alone is enough', async () => {
  writeSubnets(host);
  await host.run(['sh', '-c', `mkdir /run/alone && cp ${BUILT_PLUGINS}/flannel /run/alone/flannel`]);
  const pod = await host.addPod();
  const [list, runtime] = [flannelList({}, { cniVersion: '1.1.0' }), new Runtime(host, ['/run/alone'])];
  await runtime.status(list);
  await runtime.add(list, attachmentOf(pod));
  expect((await pod.run(['ping', '-c1', '-W1', '10.244.1.1'])).exitCode).toBe(0);
  await runtime.check(list, attachmentOf(pod));
  await runtime.delTwice(list, attachmentOf(pod));
  await runtime.gc(list, []);
  await host.run(['rm', '-r', '/run/alone']);
});

test('what the runtime asks for reaches the delegate and its IPAM plugin', async () => {
  writeSubnets(host);
  const pod = await host.addPod();
  const list = flannelList({ capabilities: { mac: true, ips: true } });
  const runtimeConfig = { mac: '02:00:5e:10:00:07', ips: ['10.244.1.77'] };
  const attachment = { ...attachmentOf(pod), capabilities: runtimeConfig };
  const runtime = new Runtime(host);
  const result = await runtime.add(list, attachment);
  expect(result?.ips?.[0]?.address).toBe('10.244.1.77/24');
  expect(await pod.ip('link show dev eth0')).toContain('02:00:5e:10:00:07');
  await runtime.delTwice(list, attachment);
});

describe('another delegate', () => {
  test.each([
    ['macvlan', { type: 'macvlan', master: 'eth9', mode: 'bridge' }, {}],
    ['ptp', { type: 'ptp' }, {}],
    ['a foreign IPAM plugin', {}, { type: 'foreign-ipam' }],
    ['both foreign', { type: 'foreign-macvlan', master: 'eth9' }, { type: 'foreign-ipam' }],
  ])('%s', async (_, delegate, ipam) => {
    writeSubnets(host);
    await host.ip('link add name eth9 type veth peer name eth9-peer');
    const copies = ['macvlan foreign-macvlan', 'host-local foreign-ipam'].map(
      (pair) => `cp ${reference}/${pair.replace(' ', ' /run/foreign/')}`,
    );
    await host.run(['sh', '-c', ['mkdir /run/foreign', ...copies].join(' && ')]);
    const list = flannelList({ delegate, ipam }, { cniVersion: '1.0.0' });
    const runtime = new Runtime(host, [...WITH_REFERENCE, '/run/foreign']);
    const attachment = attachmentOf(await host.addPod());
    const result = await runtime.add(list, attachment);
    expect(result?.ips?.[0]?.address).toMatch(/^10\.244\.1\./);
    expect(await leasesOn(host, 'cbr0')).toHaveLength(1);
    await runtime.check(list, attachment);
    await runtime.delTwice(list, attachment);
    expect(await leasesOn(host, 'cbr0')).toEqual([]);
    expect(await storedOn(host)).toEqual([]);
    await host.run(['rm', '-r', '/run/foreign']);
    await host.ip('link del dev eth9');
  });
});
