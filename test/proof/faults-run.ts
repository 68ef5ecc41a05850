import { expect } from 'vitest';
import { callPlugin } from '../netns/harness/plugin.ts';
import { CHAINS, type Chain, type Scene, STEADY_IPV6, sceneFor, Violation } from './faults-chains.ts';
import { createResidentHost, type ResidentHost } from './faults-resident.ts';
import { type Before, type Ending, type FaultyCall, lookAt, tryAdd, tryDel } from './faults-trial.ts';
import { bySize } from './size.ts';

/** A plugin in a chain, whose ADD or DEL is made to fail. */
export interface Slot {
  readonly chain: Chain;
  readonly at: number;
  readonly verb: 'ADD' | 'DEL';
  /** For messages. */
  readonly title: string;
}

/** Every plugin of every chain, once for each verb. */
const SLOTS: readonly Slot[] = CHAINS.flatMap((chain) =>
  chain.list.plugins.flatMap(({ type }, at) =>
    (['ADD', 'DEL'] as const).map((verb) => ({ chain, at, verb, title: `${chain.title}: ${type} ${verb}` })),
  ),
);

/** One thing to try: what it is, for messages and for counting, and how the call is put. */
export interface Trial {
  readonly what: string;
  readonly kind: string;
  readonly call: FaultyCall;
}

/** How trials ended, and what was found wrong. */
interface Tally {
  readonly title: string;
  readonly kinds: Map<string, number>;
  readonly endings: Map<Ending, number>;
  readonly violations: string[];
}

/** Has everything that `trialsFor` gives fail in a slot, one after another on one pod, and counts what came of it. */
async function prove(slot: Slot, tally: Tally, trialsFor: (scene: Scene) => Promise<readonly Trial[]>): Promise<void> {
  let stage = await openStage(slot);
  try {
    const trials = await trialsFor(stage.scene);
    for (const trial of trials) {
      try {
        const tryIt = slot.verb === 'ADD' ? tryAdd : tryDel;
        const ending = await tryIt(stage.scene, stage.before, trial.call);
        count(tally.endings, ending);
        if (ending !== 'missed') count(tally.kinds, trial.kind);
      } catch (thrown) {
        if (thrown instanceof Violation) note(tally, `${slot.title}, ${trial.what}\n  ${thrown.message}`);
        else throw thrown;
        await stage.host.dispose();
        stage = await openStage(slot);
      }
    }
  } finally {
    await stage.host.dispose();
  }
}

/** Said at once as well: a whole proof takes long, and may be ended before it ends. */
function note(tally: Tally, violation: string): void {
  console.log(violation);
  tally.violations.push(violation);
}

interface Stage {
  readonly host: ResidentHost;
  readonly scene: Scene;
  readonly before: Before;
}

/** A node on which another pod has been, so that what all pods share is there, and a pod as far as the slot's plugin. */
async function openStage({ chain, at }: Slot): Promise<Stage> {
  const host = await createResidentHost('faults');
  try {
    await host.run(['sh', '-c', STEADY_IPV6]);
    await chain.prepare?.(host);
    const first = await sceneFor(host, chain, at, 'first');
    await first.succeed('DEL', await first.succeed('ADD'));
    await takeDown(first, chain, at);
    const scene = await sceneFor(host, chain, at);
    // The first time leaves what is not undone: the length of a link's queue is shown from then on.
    await scene.succeed('DEL', await scene.succeed('ADD'));
    await scene.afterDel();
    return { host, scene, before: await lookAt(scene) };
  } catch (thrown) {
    await host.dispose();
    throw thrown;
  }
}

/** What the plugins before have made of the first pod. */
async function takeDown(scene: Scene, chain: Chain, at: number): Promise<void> {
  for (let index = at - 1; index >= 0; index--) {
    const plugin = chain.list.plugins[index];
    if (plugin !== undefined) await callPlugin(scene.host, plugin.type, scene.callOf(index, 'DEL'));
  }
  await scene.pod.remove();
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Only slots whose title this expression fits, such as `podman's` or `portmap DEL`. */
const ONLY = new RegExp(process.env['CNI_TS_PROOF_ONLY'] ?? '');
/** At most so many faults in each slot, instead of a sample or all. */
const MOST = process.env['CNI_TS_PROOF_MOST'];
/** Pieces of a slot, each with a pod of its own: some take a second for each fault, since IPv6 does. */
const PARTS = bySize(1, 4);

/**
 * Proves all slots, tells how it went, and fails with everything that was found wrong. A sample has one verb of each
 * plugin of each chain, `first` that of the first plugin, and `sample` faults of it. So many `workers` take slot after
 * slot, each on a node of its own.
 */
export async function proveAll(
  first: Slot['verb'],
  sample: number,
  workers: number,
  trialsFor: (slot: Slot, scene: Scene) => Promise<readonly Trial[]>,
): Promise<void> {
  const most = MOST === undefined ? bySize(sample, Number.POSITIVE_INFINITY) : Number(MOST);
  const taken = SLOTS.map((slot, number) => ({ slot, number, tally: tallyOf(slot), undone: PARTS })).filter(
    ({ slot, number }) => ONLY.test(slot.title) && isTaken(number, first),
  );
  // What one takes from it the others do not get.
  const left = taken.flatMap((task) => Array.from({ length: PARTS }, (_, part) => ({ task, part }))).values();
  const work = async (): Promise<void> => {
    for (const { task, part } of left) {
      const { slot, number, tally } = task;
      await prove(slot, tally, async (scene) => {
        const trials = spread(await trialsFor(slot, scene), most, number);
        return trials.filter((_, index) => index % PARTS === part);
      });
      task.undone -= 1;
      if (task.undone === 0) console.log(`${slot.title}: ${summed([tally.kinds])}; ${summed([tally.endings])}`);
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  const tallies = taken.map(({ tally }) => tally);
  console.log(`all: ${summed(tallies.map(({ kinds }) => kinds))}; ${summed(tallies.map(({ endings }) => endings))}`);
  expect(tallies.flatMap(({ violations }) => violations).join('\n')).toBe('');
}

function tallyOf({ title }: Slot): Tally {
  return { title, kinds: new Map(), endings: new Map(), violations: [] };
}

/** A sample has one verb of each plugin, in turn. */
function isTaken(number: number, first: Slot['verb']): boolean {
  const isInSample = ((number % 2) + Math.floor(number / 2)) % 2 === (first === 'ADD' ? 0 : 1);
  return isInSample || bySize(false, true);
}

/** Counts of several tallies as one line: `refused 12, send 3`. */
function summed<Key extends string>(all: readonly ReadonlyMap<Key, number>[]): string {
  const sums = new Map<Key, number>();
  for (const counts of all) for (const [key, value] of counts) sums.set(key, (sums.get(key) ?? 0) + value);
  return [...sums].map(([key, value]) => `${key} ${value}`).join(', ');
}

/** Takes `most` of a list, spread over all of it; each number begins elsewhere, so that slots differ in what they take. */
function spread<Item>(items: readonly Item[], most: number, number: number): readonly Item[] {
  if (items.length <= most) return items;
  const step = items.length / most;
  const start = (number * 0.618034) % 1;
  return Array.from({ length: most }, (_, index) => items[Math.floor((index + start) * step)]).flatMap((item) =>
    item === undefined ? [] : [item],
  );
}
