import { expect, test } from 'vitest';
import { createHost, type Host } from '../../netns/harness/host.ts';
import { Runtime } from '../../netns/harness/libcni.ts';
import type { Conflist } from '../../netns/harness/libcni-conf.ts';
import { ATTACKS, begin, strike } from './attacks.ts';

/** How much longer than usual a call of another pod may take. */
const MOST_TIMES = 1.5;
const ROUNDS = 15;

const LIST: Conflist = {
  cniVersion: '1.1.0',
  name: 'net',
  plugins: [
    { type: 'bridge', isGateway: true, ipMasq: true, ipam: { type: 'host-local', subnet: '10.1.0.0/16' } },
    { type: 'tuning', mtu: 1400 },
  ],
};

/** Milliseconds of an ADD, a CHECK and a DEL of a pod that nothing is wrong with. */
async function callsOf(host: Host): Promise<number> {
  const pod = await host.addPod();
  try {
    const runtime = new Runtime(host);
    const attachment = { containerId: pod.name, netns: pod.path, ifName: 'eth0' };
    await runtime.add(LIST, attachment);
    await runtime.check(LIST, attachment);
    await runtime.del(LIST, attachment);
    return runtime.calls.reduce((sum, { outcome }) => sum + outcome.ms, 0);
  } finally {
    await pod.remove();
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

test.each(ATTACKS.map((attack) => [attack.title, attack] as const))('beside a pod with %s', async (title, attack) => {
  // Two hosts in turn, so that both see the same machine; what goes on is stopped for the one that is not attacked.
  const [quiet, disturbed] = [await createHost('quiet'), await createHost('disturbed')];
  try {
    const pod = await disturbed.addPod();
    // Processors are shared by other means: what is measured is the network.
    const background = await begin(attack, pod, ['nice', '-n', '19']);
    await new Runtime(disturbed).add(LIST, { containerId: 'hostile', netns: pod.path, ifName: 'eth0' }).catch(() => {});
    await strike(attack, pod, 'eth0');
    const times: Record<'usual' | 'disturbed', number[]> = { usual: [], disturbed: [] };
    const tell = (signal: NodeJS.Signals) => background && process.kill(background.pid, signal);
    for (let round = 0; round < ROUNDS; round++) {
      tell('SIGSTOP');
      times.usual.push(await callsOf(quiet));
      tell('SIGCONT');
      times.disturbed.push(await callsOf(disturbed));
    }
    await background?.stop();
    const [usual, beside] = [median(times.usual), median(times.disturbed)];
    process.stdout.write(`beside a pod with ${title}: ${(beside / usual).toFixed(2)} of ${usual.toFixed(0)} ms\n`);
    expect(beside).toBeLessThan(usual * MOST_TIMES);
  } finally {
    await quiet.dispose();
    await disturbed.dispose();
  }
});
