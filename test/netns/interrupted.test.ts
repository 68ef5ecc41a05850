import { expect, test } from 'vitest';
import { interfere, momentsOf } from './bridge/moments.ts';
import { SHARED } from './bridge/support.ts';
import { IPV4, IPV6, previous } from './firewall/support.ts';
import { NATIVE } from './harness/drivers.ts';
import { callPlugin } from './harness/plugin.ts';
import { expectRestored, takeSnapshot } from './harness/snapshot.ts';
import { useHost } from './harness/use.ts';

const host = await useHost({
  mayStay: [...SHARED, /^host (?:ip6?tables-save|nft table ip6?) .*filter .*CNI-(?:FORWARD|ADMIN)\b/],
});

test.each(['sendto', 'recvfrom', 'setns'])(
  'a %s that is interrupted, or fails once on the way back, is tried again',
  async (name) => {
    const pod = await host.addPod();
    await pod.wearIn();
    const conf = { cniVersion: '1.0.0', name: 'lo', type: 'loopback' };
    const call = { containerId: 'c1', netns: pod.path, ifName: 'lo', conf, env: NATIVE };
    const added = { ...call, verb: 'ADD' };
    const removed = { ...call, verb: 'DEL' };
    const moments = await momentsOf(host, 'loopback', added);
    await momentsOf(host, 'loopback', removed);
    // The first setns goes in, the second comes back.
    const ordinal = name === 'setns' ? 2 : 1;
    const moment = { call: name, ordinal, line: '' };
    expect(moments.some((one) => one.call === 'sendto')).toBe(true);
    const what = name === 'setns' ? 'error=ENOMEM' : 'error=EINTR';
    for (const one of [added, removed]) {
      const { exitCode, stdout, stderr } = await interfere(host, 'loopback', one, moment, what);
      expect([exitCode, stderr], stdout).toEqual([0, '']);
    }
  },
);

test('an answer that is lost leaves lo as it was', async () => {
  const pod = await host.addPod();
  await pod.wearIn();
  const conf = { cniVersion: '1.0.0', name: 'lo', type: 'loopback' };
  const added = { verb: 'ADD', containerId: 'c1', netns: pod.path, ifName: 'lo', conf, env: NATIVE };
  for (let ordinal = 2; ordinal <= 5; ordinal++) {
    const { stdout } = await interfere(
      host,
      'loopback',
      added,
      { call: 'recvfrom', ordinal, line: '' },
      'error=ENOMEM',
    );
    expect(JSON.parse(stdout), `answer ${ordinal}`).toHaveProperty('code');
    expect(await pod.ip('link show dev lo')).not.toContain('UP');
  }
});

test('an answer that is lost leaves no rules of the firewall', async () => {
  const pod = await host.addPod();
  const prevResult = previous({ what: '', ips: [IPV4, IPV6] });
  const conf = { cniVersion: '1.0.0', name: 'net', backend: 'iptables', prevResult };
  const call = { containerId: 'c1', netns: pod.path, ifName: 'eth0', conf, env: NATIVE };
  for (const verb of ['ADD', 'DEL']) expect((await callPlugin(host, 'firewall', { ...call, verb })).exitCode).toBe(0);
  const before = await takeSnapshot(host);
  let failed = 0;
  for (let ordinal = 1; ordinal <= 15; ordinal++) {
    const lost = { call: 'recvfrom', ordinal, line: '' };
    const { exitCode } = await interfere(host, 'firewall', { ...call, verb: 'ADD' }, lost, 'error=ENOBUFS');
    if (exitCode !== 0) failed += 1;
    else expect((await callPlugin(host, 'firewall', { ...call, verb: 'DEL' })).exitCode).toBe(0);
    await expectRestored(host, before);
  }
  // Of a look that fails the program is behind; what was asked to be changed may have been.
  expect(failed).toBeGreaterThan(0);
});
