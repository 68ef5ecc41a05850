import { describe, expect, test } from 'vitest';
import { ChainError, Runtime } from '../harness/libcni.ts';
import { useHost } from '../harness/use.ts';
import { attachmentOf, listOf, type Mapping, Pods, SHARED_MORE_THAN_ONCE } from './pods.ts';
import { BACKENDS, OURS, referenceSuite } from './suites.ts';
import { containerRulesOn, SHARED } from './support.ts';

const REFERENCE = await referenceSuite();
const host = await useHost({ mayStay: [...SHARED, ...SHARED_MORE_THAN_ONCE] });

/** The reference asks for one backend, and this suite for the other or the same: a port is a port. */
const PAIRS = BACKENDS.flatMap((theirs) => BACKENDS.map((ours) => [theirs, ours] as const));

const tcp = (hostPort: number, containerPort: number): Mapping => ({ hostPort, containerPort, protocol: 'tcp' });

/** A pod with ports that the reference has attached. */
async function taken(theirs: (typeof BACKENDS)[number]) {
  const pods = new Pods(host, REFERENCE, listOf(theirs));
  return { pods, pod: await pods.add('theirs', [tcp(8080, 80), tcp(8443, 443)]) };
}

describe.each(PAIRS)('ports of the reference by %s, asked for by %s', (theirs, ours) => {
  test('those of a living pod are refused, and nothing is left of the attempt', async () => {
    const { pods } = await taken(theirs);
    const rules = await containerRulesOn(host);
    const runtime = new Runtime(host, [OURS.folder]);
    const attachment = attachmentOf(await host.addPod(), 'mine', [tcp(8081, 80), tcp(8443, 443)]);
    const refused = await runtime.add(listOf(ours), attachment).catch((thrown: unknown) => thrown);
    expect(refused).toBeInstanceOf(ChainError);
    expect((refused as ChainError).outcome.error?.msg).toBe('host port 8443/tcp is already mapped to container theirs');
    expect((refused as ChainError).outcome.error?.details).toContain('is still there (/run/netns/pod-');
    expect(await containerRulesOn(host)).toEqual(rules);
    await runtime.del(listOf(ours), attachment);
    expect(await containerRulesOn(host)).toEqual(rules);
    await pods.removeAll();
  });

  test('others are free, and "allow" is what the reference does', async () => {
    const { pods } = await taken(theirs);
    const runtime = new Runtime(host, [OURS.folder]);
    const [free, allowed] = [await host.addPod(), await host.addPod()];
    const first = attachmentOf(free, 'free', [tcp(8081, 80)]);
    const second = attachmentOf(allowed, 'allowed', [tcp(8080, 80)]);
    await runtime.add(listOf(ours), first);
    await runtime.add(listOf(ours, { conflicts: 'allow' }), second);
    await runtime.del(listOf(ours, { conflicts: 'allow' }), second);
    await runtime.del(listOf(ours), first);
    await pods.removeAll();
    expect(await containerRulesOn(host)).toEqual([]);
  });

  test('those of a pod that is gone are free, and its rules go', async () => {
    const { pods, pod } = await taken(theirs);
    await pod.pod.remove();
    const runtime = new Runtime(host, [OURS.folder]);
    const heir = attachmentOf(await host.addPod(), 'heir', [tcp(8080, 80)]);
    await runtime.add(listOf(ours), heir);
    await runtime.check(listOf(ours), heir);
    expect((await containerRulesOn(host)).filter((line) => line.includes(`${pod.ipv4}:80`))).toEqual([]);
    await runtime.del(listOf(ours), heir);
    await pods.removeAll();
    expect(await containerRulesOn(host)).toEqual([]);
  });
});
