import { expect, test } from 'vitest';
import { expectRestored, takeSnapshot } from '../netns/harness/snapshot.ts';
import { createCrowdNode, LISTS, SLOTS } from './crowd-node.ts';
import { choicesFrom, SEED, seedOfRun } from './crowd-random.ts';
import { Crowd } from './crowd-run.ts';
import { bySize } from './size.ts';

const WORKERS = bySize(20, 40);
const PROBERS = 3;
/** It ends when both are over: so many milliseconds, and so many things that were done. */
const LENGTH = { milliseconds: bySize(0, 240_000), outcomes: bySize(400, 0) };

/** What no plugin ever needs. */
const MOST_KIB = 16 * 1024;

const MAY_CHANGE: readonly RegExp[] = [
  // The last address that was given, and when the index beside the leases was right.
  /^file \/var\/lib\/cni\/networks\/(?:\w+\/last_reserved_ip\.\d|\.cni-ts\/\w+\/\.state) /,
  // Local routes that the kernel adds when it has found no duplicate of a bridge's own addresses, which are lines themselves.
  /^host route-6 .*"dst":"(?:fe80|fd00:70):.*"dev":"(?:cni-crowd|eth0)"/,
];

test(`${SLOTS} containers come and go, ${WORKERS} at once`, async () => {
  const seed = seedOfRun();
  console.info(`${SEED}=${seed} makes the same choices again`);
  const node = await createCrowdNode();
  try {
    // What all containers share is made by the first of each network.
    const first = new Crowd(node, await Promise.all(LISTS.map((_, number) => node.slot(number))));
    await first.warmUp();
    await first.end();
    expect(first.wrong).toEqual([]);
    const before = await takeSnapshot(node.host, { pods: [], ignore: MAY_CHANGE });

    const slots = await Promise.all(Array.from({ length: SLOTS }, (_, number) => node.slot(number)));
    const crowd = new Crowd(node, slots);
    const choices = Array.from({ length: WORKERS + PROBERS }, (_, index) => choicesFrom(seed + index * 7919));
    await crowd.run(choices.slice(0, WORKERS), choices.slice(WORKERS), LENGTH);
    await crowd.end();
    console.info(JSON.stringify(crowd.model.tally));
    expect(crowd.wrong).toEqual([]);
    expect([...crowd.model.claims]).toEqual([]);
    await expectRestored(node.host, before, { pods: [], ignore: MAY_CHANGE });
    // Both refusals were called for, and everything was tried.
    const kinds = ['ADD', 'CHECK', 'DEL', 'GC', 'died without DEL', 'refused: no address', 'refused: port taken'];
    expect(Object.keys(crowd.model.tally)).toEqual(expect.arrayContaining([...kinds, 'port answered']));
    expectFlat(crowd.peaks);
  } finally {
    await node.dispose();
  }
});

/**
 * The plugins of the last third need no more memory than those of the first, on average: a single one is seen by chance,
 * early in its life or late, and those of a GC of many containers are few, so for each there only is a bound.
 */
function expectFlat(peaks: readonly number[]): void {
  const third = Math.floor(peaks.length / 3);
  const [early, late] = [mean(peaks.slice(0, third)), mean(peaks.slice(-third))];
  const most = Math.max(...peaks);
  const thirds = `${early.toFixed()} KiB on average in the first third, ${late.toFixed()} in the last`;
  console.info(`${peaks.length} looks at plugins: ${thirds}; at most ${most}`);
  expect(late).toBeLessThan(early * 1.2);
  expect(most).toBeLessThan(MOST_KIB);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
