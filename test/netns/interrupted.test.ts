import { expect, test } from 'vitest';
import { interfere, momentsOf } from './bridge/moments.ts';
import { useHost } from './harness/use.ts';

const host = await useHost();

test.each(['sendto', 'recvfrom', 'setns'])(
  'a %s that is interrupted, or fails once on the way back, is tried again',
  async (name) => {
    const pod = await host.addPod();
    await pod.wearIn();
    const conf = { cniVersion: '1.0.0', name: 'lo', type: 'loopback' };
    const call = { containerId: 'c1', netns: pod.path, ifName: 'lo', conf };
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
