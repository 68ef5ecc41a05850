import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { useHost } from '../harness/use.ts';
import { OURS } from './suites.ts';
import { callOf, containerRulesOn, type Mapped, type Mapping, notesOn, SHARED, succeed, tcp } from './support.ts';

const host = await useHost({ mayStay: SHARED });
const ADDRESSES = 5500;
/** Alone it takes some milliseconds. */
const MOST_MS = 1500;

/** The same port of so many addresses. */
function crowded(first: number): readonly Mapping[] {
  return Array.from({ length: ADDRESSES }, (_, index) => {
    return tcp(8080, 80, `10.${first}.${index >> 8}.${index & 255}`);
  });
}

async function container(containerId: string, last: number, mappings: readonly Mapping[]): Promise<Mapped> {
  const conf = { backend: 'nftables' };
  return { pod: await host.addPod(), containerId, mappings, conf, addresses: [`10.99.0.${last}/16`] };
}

test('whoever wants another port does not wait for two pods with thousands of addresses on one', async () => {
  const crowd = [await container('a', 2, crowded(1)), await container('b', 3, crowded(2))] as const;
  // Rules are not what this is about.
  const exec = { CNI_TS_NETFILTER: 'exec' };
  const other = await container('c', 4, [tcp(9090, 90)]);
  await succeed(host, OURS, callOf('ADD', other));
  await succeed(host, OURS, callOf('DEL', other));
  const [first, second] = crowd;
  await succeed(host, OURS, { ...callOf('ADD', first), env: exec, timeoutMs: 100_000 });
  let isOver = false;
  const adding = succeed(host, OURS, { ...callOf('ADD', second), env: exec, timeoutMs: 100_000 }).finally(() => {
    isOver = true;
  });
  const times: number[] = [];
  while (!isOver) {
    for (const verb of ['ADD', 'DEL']) {
      times.push((await succeed(host, OURS, { ...callOf(verb, other), timeoutMs: 100_000 })).ms);
    }
    await setTimeout(20);
  }
  await adding;
  expect(Math.max(...times)).toBeLessThan(MOST_MS);
  for (const one of crowd) await succeed(host, OURS, { ...callOf('DEL', one), env: exec, timeoutMs: 100_000 });
  expect([await containerRulesOn(host), await notesOn(host)]).toEqual([[], []]);
});
