import { expect, test } from 'vitest';
import { attachmentOf, leasesOn } from '../bridge/support.ts';
import { Runtime } from '../harness/libcni.ts';
import { useHost } from '../harness/use.ts';
import { flannelList, NODE, STAYS, writeSubnets } from './support.ts';

const host = await useHost({ mayStay: STAYS });
const LIST = flannelList({}, { cniVersion: '1.0.0' });
const addresses = () => host.ip('-br -4 addr show dev cni0');

test('a node gets another subnet while pods run: theirs is used up first, and no lease of it lingers', async () => {
  writeSubnets(host);
  const pods = [await host.addPod(), await host.addPod(), await host.addPod()] as const;
  const runtime = new Runtime(host);
  const first = attachmentOf(pods[0], 'old-0');
  const second = attachmentOf(pods[1], 'old-1');
  const late = attachmentOf(pods[2], 'new');
  await runtime.add(LIST, first);
  await runtime.add(LIST, second);
  writeSubnets(host, { ...NODE, subnet: '10.244.7.1/24' });
  // As the reference says it; whose the address is stands beside it.
  const refusal = runtime.add(LIST, late);
  await expect(refusal).rejects.toThrow('\\"cni0\\" already has an IP address different from 10.244.7.1/24');
  await expect(refusal).rejects.toThrow('which 2 containers use: old-');
  expect(await leasesOn(host, 'cbr0')).toHaveLength(2);

  await runtime.check(LIST, first);
  await runtime.delTwice(LIST, first);
  expect(await leasesOn(host, 'cbr0')).toHaveLength(1);
  await pods[1].remove();
  const result = await runtime.add(LIST, late);
  expect(result?.ips?.[0]?.address).toMatch(/^10\.244\.7\./);
  expect(await addresses()).toContain('10.244.7.1/24');
  expect(await addresses()).not.toContain('10.244.1.1/24');
  expect((await pods[2].run(['ping', '-c1', '-W1', '10.244.7.1'])).exitCode).toBe(0);

  await runtime.delTwice(LIST, second);
  expect(await leasesOn(host, 'cbr0')).toEqual([result?.ips?.[0]?.address.replace(/\/.*/, '')]);
  await runtime.delTwice(LIST, late);
  expect(await leasesOn(host, 'cbr0')).toEqual([]);
  await host.ip('link del dev cni0');
});
