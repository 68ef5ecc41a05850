import { join } from 'node:path';
import { expect, test } from 'vitest';
import { interfere, type Moment, momentsOf } from '../bridge/moments.ts';
import { leasesOn } from '../bridge/support.ts';
import { byDriver } from '../harness/drivers.ts';
import type { Pod } from '../harness/host.ts';
import { BUILT_PLUGINS, callPlugin, type PluginCall, pluginEnvironment } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import { linkState } from '../link-state.ts';
import { addDevice, attachmentOf, confOf, devicesOn, removeDevice } from './support.ts';

const host = await useHost({ mayStay: [/^file \/var\/lib\/cni/, /^file \/run\/cni-ts(?:\/attachments)? folder/] });

/** The device is up, has an alias, and its name is taken in the container, so that every step there is is taken. */
const CONF = confOf({ ipam: { type: 'host-local', subnet: '10.1.0.0/24', routes: [{ dst: '0.0.0.0/0' }] } });

/** Where a plan's step reaches the kernel or a file; looking at things and locks are no steps. */
const STEPS = ['sendto', 'write', 'rename'];

function callOf(verb: string, pod: Pod): PluginCall {
  return { verb, ...attachmentOf(pod), conf: CONF, path: BUILT_PLUGINS };
}

async function preparedPod(): Promise<Pod> {
  const pod = await host.addPod();
  await pod.ip('link add name dev0 type bridge');
  return pod;
}

async function momentsOfAdd(): Promise<readonly Moment[]> {
  const pod = await preparedPod();
  const moments = await momentsOf(host, 'host-device', callOf('ADD', pod));
  expect((await callPlugin(host, 'host-device', callOf('DEL', pod))).exitCode).toBe(0);
  await pod.remove();
  return moments.filter(({ call }) => STEPS.includes(call));
}

function wearAlias() {
  return host.run(['ip', 'link', 'set', 'dev', 'dev0', 'alias', 'uplink; port 3', 'up']);
}

async function state(pod: Pod): Promise<readonly string[]> {
  const { stdout: records } = await host.run(['find', '/run/cni-ts', '-type', 'f']);
  // A link of another kind in the pod has a MAC of chance, but the same all along.
  return [...(await linkState(host)), ...(await linkState(pod)), ...(await leasesOn(host)), records];
}

test.each([
  ['fails', 'error=EIO'],
  ['is its last', 'signal=SIGKILL'],
])('a step that %s: the device, the container and the leases are as before', async (_, what) => {
  await addDevice(host);
  await wearAlias();
  const moments = await momentsOfAdd();
  // A program does in one go what natively are many sends.
  expect(moments.length).toBeGreaterThan(byDriver({ native: 15, ip: 10 }));
  let failed = 0;
  for (const moment of moments) {
    const pod = await preparedPod();
    const before = await state(pod);
    const outcome = await interfere(host, 'host-device', callOf('ADD', pod), moment, what);
    if (outcome.exitCode !== 0) failed += 1;
    // A runtime calls DEL after a crash. After an error nothing may be left for it.
    if (outcome.exitCode === 0 || outcome.stdout === '') {
      const del = await callPlugin(host, 'host-device', callOf('DEL', pod));
      expect(del.exitCode, `${moment.line}\n${del.stdout}`).toBe(0);
    }
    if (outcome.stderr.includes('no record of this attachment')) {
      // Only that it was up, and the alias, nobody remembers then.
      expect(await devicesOn(host)).toEqual(['dev0 down ""']);
      await wearAlias();
    }
    expect(await state(pod), `${moment.line}\n${outcome.stdout}${outcome.stderr}`).toEqual(before);
    await pod.remove();
  }
  console.log(`${what}: ${failed} of ${moments.length} steps made ADD fail`);
  expect(failed).toBeGreaterThan(moments.length / 2);
  await removeDevice(host);
});

test('an address that the kernel does not take: all is as before, and the error says what the device lost', async () => {
  const pod = await host.addPod();
  await addDevice(host);
  await host.ip('addr add 192.0.2.1/24 dev dev0');
  const before = await linkState(pod);
  const ipam = {
    type: 'static',
    addresses: [{ address: '10.1.0.5/24' }],
    routes: [{ dst: '10.9.0.0/16', gw: '1.1.1.1' }],
  };
  const conf = { ...confOf(), ipam };
  const { error } = await callPlugin(host, 'host-device', { ...callOf('ADD', pod), conf });
  expect(error?.msg).toContain("failed to add route '10.9.0.0/16 via 1.1.1.1 dev eth0");
  expect(error?.details).toContain(
    'dev0 is on the host again, but its addresses there ended with the move: 192.0.2.1/24',
  );
  expect(await linkState(pod)).toEqual(before);
  const wrong = { ...confOf(), ipam: { type: 'no-such-plugin' } };
  const refused = await callPlugin(host, 'host-device', { ...callOf('ADD', pod), conf: wrong });
  expect(refused.error?.msg).toContain('failed to find plugin "no-such-plugin"');
  expect(await linkState(pod)).toEqual(before);
  await removeDevice(host);
});

test('a process that may open no more files: an ADD leaves nothing, wherever it is by then', async () => {
  await addDevice(host);
  const pod = await preparedPod();
  const before = await state(pod);
  const call = callOf('ADD', pod);
  const own = '/proc/thread-self/ns/net';
  const messages: string[] = [];
  for (const when of [1, 2, 3]) {
    const inject = ['-P', own, '-e', 'trace=openat', '-e', `inject=openat:error=EMFILE:when=${when}`];
    const argv = ['strace', '-qq', '-o', '/dev/null', ...inject, join(BUILT_PLUGINS, 'host-device')];
    const outcome = await host.run(argv, { env: pluginEnvironment(call), stdin: JSON.stringify(call.conf) });
    if (outcome.exitCode === 0) break;
    messages.push(JSON.parse(outcome.stdout).msg);
    expect(await state(pod), outcome.stdout).toEqual(before);
  }
  // The last of them is where nothing is done yet, but all is known.
  expect(messages).toContain(`open ${own}: too many open files`);
  await callPlugin(host, 'host-device', callOf('DEL', pod));
  await removeDevice(host);
});
