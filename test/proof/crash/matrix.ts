import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../../scripts/lib/project.ts';
import type { HostSnapshot } from '../../netns/harness/snapshot.ts';
import { bySize } from '../size.ts';
import type { Chain } from './chains.ts';
import { type Point, watchedFolder } from './kill-at.ts';
import { createNode, lookAt, type Node } from './node.ts';
import { type Bench, type Hit, OUTCOMES, type Outcome, pointsOf, tryPoint, type Verb } from './outcomes.ts';
import { rebooted } from './reboot.ts';

/** What was tried of a verb of a chain. */
export interface Tally {
  readonly points: number;
  readonly tried: number;
  readonly hits: Readonly<Record<Hit, number>>;
  readonly defects: readonly string[];
}

/** A chain with all that it takes to kill it. */
export interface Matrix {
  /** Kills a verb at its points, and tells all that was wrong afterwards. */
  run(verb: Verb): Promise<Tally>;
  dispose(): Promise<void>;
}

/** So many points of a verb of a chain are in the sample, each with one outcome. */
const SAMPLED = 4;

/** Gets ready to kill a chain; `turn` is its number among the chains, so that samples differ. */
export async function openMatrix(chain: Chain, turn: number): Promise<Matrix> {
  const watched = watchedFolder();
  const afterBoot = await rebooted(chain);
  let node: Node | undefined;
  const dropNode = async () => {
    await node?.dispose();
    node = undefined;
  };
  const fresh = async () => {
    // A first call is one only once.
    if (chain.isFirst) await dropNode();
    node ??= await createNode(chain);
    return node;
  };
  const settled = chain.isFirst ? await settledOn(await fresh()) : new Set<string>();
  const bench: Bench = { watched, rebooted: afterBoot, settled, fresh };
  return {
    async run(verb) {
      const report = reportOf(chain, verb);
      const defects: string[] = [];
      const hits = { there: 0, elsewhere: 0, missed: 0 };
      const points = await pointsOf(chain.list, verb, bench);
      const trials = trialsOf(points, turn);
      for (const [point, outcome] of trials) {
        const where = `${point.plugin} ${point.ordinal}: ${point.what}; ${outcome}`;
        const started = performance.now();
        try {
          const hit = await tryPoint(bench, verb, point, outcome);
          hits[hit] += 1;
          report(`${where}: ${hit}, ${Math.round(performance.now() - started)} ms`);
        } catch (thrown) {
          defects.push(`${where}\n${String(thrown)}`);
          report(`${where}: ${String(thrown)}`);
          await dropNode();
        }
      }
      await (await fresh()).checkBystander();
      return { points: points.length, tried: trials.length, hits, defects };
    },
    async dispose() {
      await Promise.all([dropNode(), afterBoot.dispose()]);
      watched.remove();
    },
  };
}

/** What is on a node for good after the first call and its DEL. */
async function settledOn({ chain, host, pod, victim, runtime }: Node): Promise<HostSnapshot> {
  const calls = runtime();
  await calls.add(chain.list, victim);
  await calls.del(chain.list, victim);
  return lookAt(host, pod);
}

/** Everything; or some points, spread over the whole of the verb, with the outcomes in turn. */
function trialsOf(points: readonly Point[], turn: number): readonly (readonly [Point, Outcome])[] {
  const all = points.flatMap((point) => OUTCOMES.map((outcome) => [point, outcome] as const));
  // No multiple of the number of outcomes, so that they take turns; each chain begins at another point.
  const step = Math.ceil(all.length / SAMPLED / OUTCOMES.length) * OUTCOMES.length + 1;
  const sample = all.filter((_, index) => index % step === (turn * (OUTCOMES.length + 1)) % step);
  return bySize(sample, all);
}

/** A file in `dist/test/crash` for all points and what came of them. */
function reportOf({ name }: Chain, verb: Verb): (line: string) => void {
  const folder = join(ROOT, 'dist/test/crash');
  const file = join(folder, `${name.replace(/\W+/g, '-')}-${verb}.txt`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, '');
  return (line) => appendFileSync(file, `${line}\n`);
}
