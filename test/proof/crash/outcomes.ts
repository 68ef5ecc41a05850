import { setTimeout } from 'node:timers/promises';
import { compareLines } from '../../../scripts/lib/network-state.ts';
import { ChainError, type Runtime } from '../../netns/harness/libcni.ts';
import type { Conflist } from '../../netns/harness/libcni-conf.ts';
import { BUILT_PLUGINS } from '../../netns/harness/plugin.ts';
import type { HostSnapshot } from '../../netns/harness/snapshot.ts';
import type { Point, WatchedFolder } from './kill-at.ts';
import { HAS_NO_CHECK, lookAt, type Node } from './node.ts';
import type { Rebooted } from './reboot.ts';
import { FIRST_BRIDGE } from './stays.ts';

/** The verbs in which a chain is killed. */
export type Verb = 'ADD' | 'DEL';

/** What happens after a chain was killed. The disk is carried to the rebooted node before DEL, so one kill has two. */
export const OUTCOMES = ['DEL, and a reboot', 'GC', 'ADD again'] as const;

/** One of {@link OUTCOMES}. */
export type Outcome = (typeof OUTCOMES)[number];

/** How a kill went: at the call that was meant, at another because the program took another way, or not at all. */
export type Hit = 'there' | 'elsewhere' | 'missed';

/** How an ADD may be refused that comes again without a DEL: what is in its way is the pod's own. */
const MAY_REFUSE = /duplicate allocation is not allowed|already exists|file exists|failed to find host device/;

const PATIENCE_MS = 3000;

/** What chains are killed with. */
export interface Bench {
  readonly watched: WatchedFolder;
  readonly rebooted: Rebooted;
  /** What a node that has had its first call may have for good. */
  readonly settled: HostSnapshot;
  /** A node on which nothing of the victim is. */
  fresh(): Promise<Node>;
}

/** Every call with an effect that a verb of a chain makes. */
export async function pointsOf(list: Conflist, verb: Verb, { watched, fresh }: Bench): Promise<readonly Point[]> {
  const points: Point[] = [];
  for (const { type } of verb === 'ADD' ? list.plugins : [...list.plugins].reverse()) {
    const node = await fresh();
    const runtime = node.runtime([watched.path, BUILT_PLUGINS]);
    if (verb === 'DEL') await runtime.add(list, node.victim);
    watched.watch(type, 0);
    await (verb === 'ADD' ? runtime.add(list, node.victim) : runtime.del(list, node.victim));
    points.push(...watched.calls().map((what, index) => ({ plugin: type, ordinal: index + 1, what })));
    watched.rest();
    if (verb === 'ADD') await runtime.del(list, node.victim);
  }
  return points;
}

/** Kills a chain at a point and fails unless all is well after the outcome. */
export async function tryPoint(bench: Bench, verb: Verb, point: Point, outcome: Outcome): Promise<Hit> {
  const node = await bench.fresh();
  const runtime = node.runtime([bench.watched.path, BUILT_PLUGINS]);
  const hit = await kill(node, bench.watched, runtime, verb, point);
  if (outcome === 'DEL, and a reboot') {
    const gone = [node.victim, ...(node.bystander === undefined ? [] : [node.bystander])];
    await bench.rebooted.expectAllAddresses(node.host, gone);
    await runtime.del(node.chain.list, node.victim);
  } else if (outcome === 'GC') {
    // Its runtime has lost what it knew, so that no DEL comes before.
    await node
      .runtime()
      .gc({ ...node.chain.list, cniVersion: '1.1.0' }, node.bystander === undefined ? [] : [node.bystander]);
    if (node.chain.gcLeavesInPod) {
      await expectAsBefore(node, bench.settled, `${verb} killed, then GC`, 'the host');
      return hit;
    }
  } else {
    await addAgain(node);
  }
  await expectAsBefore(node, bench.settled, `${verb} killed, then ${outcome}`);
  return hit;
}

async function kill(
  { chain: { list }, victim }: Node,
  watched: WatchedFolder,
  runtime: Runtime,
  verb: Verb,
  { plugin, ordinal, what }: Point,
): Promise<Hit> {
  if (verb === 'DEL') await runtime.add(list, victim);
  watched.watch(plugin, ordinal);
  const calling = verb === 'ADD' ? runtime.add(list, victim) : runtime.del(list, victim);
  const thrown: unknown = await calling.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  watched.rest();
  if (thrown === undefined) return 'missed';
  // An error of its own would be one that nothing caused.
  if (!(thrown instanceof ChainError) || thrown.outcome.exitCode !== 137) throw thrown;
  return callIn(watched.calls().at(-1)) === callIn(what) ? 'there' : 'elsewhere';
}

/** The program and the call: addresses and names of links are others each time. */
function callIn(line: string | undefined): string | undefined {
  return line?.split(' ').slice(0, 2).join(' ');
}

/** An ADD without a DEL before may be refused for what is there already; DEL, and then it has to succeed. */
async function addAgain({ chain: { list }, victim, runtime: newRuntime }: Node): Promise<void> {
  const runtime = newRuntime();
  try {
    await runtime.add(list, victim);
  } catch (thrown) {
    if (!(thrown instanceof ChainError) || !MAY_REFUSE.test(thrown.outcome.error?.msg ?? '')) throw thrown;
    await runtime.del(list, victim);
    await runtime.add(list, victim);
  }
  if (list.cniVersion !== HAS_NO_CHECK) await runtime.check(list, victim);
  await runtime.del(list, victim);
}

/** The kernel may take a moment to let go of links. */
async function expectAsBefore(
  node: Node,
  settled: HostSnapshot,
  after: string,
  where: 'the host' | 'all' = 'all',
): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  const differences = async () => {
    const now = [...(await lookAt(node.host, node.pod))];
    const left = now.filter((line) => !settled.has(line) && !(node.chain.isFirst && FIRST_BRIDGE.test(line)));
    const expected = [...node.before].filter((line) => !settled.has(line));
    const lines = compareLines(new Set(expected), new Set(left));
    return where === 'all' ? lines : lines.filter((line) => !line.slice(2).startsWith(node.pod.name));
  };
  let left = await differences();
  while (left.length > 0 && performance.now() < deadline) {
    await setTimeout(50);
    left = await differences();
  }
  const troubles = (node.flow?.troubles() ?? []).map((line) => `the bystander: ${line}`);
  if (left.length + troubles.length > 0) throw new Error([`${after}:`, ...left, ...troubles].join('\n  '));
}
