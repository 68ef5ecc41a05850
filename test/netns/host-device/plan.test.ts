import { expect, test } from 'vitest';
import { configure, MAY_STAY, toolOn } from '../cli/support.ts';
import { useHost } from '../harness/use.ts';
import { linkState } from '../link-state.ts';
import { addDevice, attachmentOf, call, confOf, devicesOn, removeDevice } from './support.ts';

const host = await useHost({ mayStay: MAY_STAY });

const ipam = {
  type: 'static',
  addresses: [{ address: '10.1.0.5/24', gateway: '10.1.0.1' }, { address: 'fd00:1::5/64' }],
  routes: [{ dst: '0.0.0.0/0' }],
};

test('cni plan touches nothing; pasted it does what ADD does, and DEL takes it back', async () => {
  const [pod, other] = [await host.addPod(), await host.addPod()];
  await addDevice(host);
  await host.ip('link set dev dev0 up');
  for (const place of [pod, other]) await place.ip('link add name dev0 address 02:00:00:00:00:77 type bridge');
  configure(host, '10-net.conflist', { cniVersion: '1.0.0', name: 'net', plugins: [confOf({ ipam })] });
  const before = [...(await linkState(host)), ...(await linkState(pod))];
  const planned = await toolOn(host)('plan', 'net', pod.path);
  expect(planned).toMatchObject({ exitCode: 0, stderr: '' });
  expect([...(await linkState(host)), ...(await linkState(pod))]).toEqual(before);

  const paste = await host.run(['sh', '-e'], { stdin: planned.stdout });
  expect(paste.stderr).toBe('');
  const pasted = await linkState(pod, 'eth0');
  const conf = confOf({ ipam });
  expect((await call(host, { verb: 'DEL', ...attachmentOf(pod), conf })).exitCode).toBe(0);
  await host.ip('link set dev dev0 up');
  expect((await call(host, { verb: 'ADD', ...attachmentOf(other), conf })).exitCode).toBe(0);
  expect(await linkState(other, 'eth0')).toEqual(pasted);
  expect((await call(host, { verb: 'DEL', ...attachmentOf(other), conf })).exitCode).toBe(0);
  expect(await devicesOn(host)).toEqual(['dev0 up ""']);
  await removeDevice(host);
});
