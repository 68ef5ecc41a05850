import { expect, test } from 'vitest';
import { isMisreading } from '../netns/bridge/suites.ts';
import { ChainError, type DelOptions, type Runtime } from '../netns/harness/libcni.ts';
import { expectRestored, takeSnapshot } from '../netns/harness/snapshot.ts';
import { createUpgradeNode, type LivePod, NETWORKS, PODS, type UpgradeNode } from './upgrade-node.ts';
import type { WatchReport } from './upgrade-traffic.ts';

/** What a suite leaves that is nobody's in particular, and the other does not. */
const MAY_STAY: readonly RegExp[] = [
  // The last address that was given.
  /^file \/var\/lib\/cni\/networks\/\w+\/last_reserved_ip\.\d /,
  // Empty folders of records, and the index beside the leases.
  /^file \/run\/cni-ts(?:\/attachments(?:\/\.(?:ports|firewall))?)? folder/,
  /^file \/var\/lib\/cni\/networks\/\.cni-ts/,
  // The table of the rule for 127.0.0.0/8, where a pod with ports by iptables came first; iptables leaves its tables too.
  /^host nft table ip raw (?:\{|chain PREROUTING(?:$| type ))/,
  // Local routes that the kernel adds when it has found no duplicate of a bridge's own addresses, which are lines themselves.
  /^host route-6 .*"dst":"(?:fe80|fd00:90):.*"dev":"(?:cni-|eth0)/,
];

/** How a runtime may take a pod down; kubelet repeats itself, forgets, and comes when the namespace is gone. */
const WAYS_DOWN: readonly (readonly [name: string, down: (node: UpgradeNode, one: LivePod) => Promise<void>])[] = [
  [
    'twice',
    async ({ runtime }, one) => {
      await down(runtime, one);
      await down(runtime, one, { netns: '', prevResult: false });
    },
  ],
  [
    'when the namespace is gone, with an empty CNI_NETNS',
    async ({ runtime }, one) => {
      await one.die();
      await down(runtime, one, { netns: '' });
      await down(runtime, one, { netns: '', prevResult: false });
    },
  ],
  [
    'when the namespace is gone, with its name',
    async ({ runtime }, one) => {
      await one.die();
      await down(runtime, one);
      await down(runtime, one);
    },
  ],
];

/** Without what ADD said; only who has notes of his own can do that. */
const WITHOUT_RESULT: (typeof WAYS_DOWN)[number] = [
  'without a result',
  async ({ runtime }, one) => {
    await down(runtime, one, { prevResult: false });
    await down(runtime, one, { netns: '', prevResult: false });
  },
];

/** DEL of the whole list; bridge and ptp are its last, so that nothing is missed when they misread iptables. */
async function down(runtime: Runtime, { list, attachment }: LivePod, options: DelOptions = {}): Promise<void> {
  await runtime.del(list, attachment, options).catch((thrown) => {
    if (!(thrown instanceof ChainError && isMisreading(thrown.outcome))) throw thrown;
  });
}

/** Pods come and go while the work is done: no call may fail, whichever suite it finds, and it may find both. */
async function whileOthersCome(node: UpgradeNode, name: string, work: () => Promise<void>): Promise<number> {
  let isOver = false;
  let count = 0;
  const coming = async (): Promise<void> => {
    while (!isOver || count < NETWORKS.length) {
      await delAll(node, [await node.addPod(`${name}-${count}`, 10_000 + count)]);
      count += 1;
    }
  };
  const working = work().finally(() => {
    isOver = true;
  });
  await Promise.all([working, coming()]);
  return count;
}

async function addAll(node: UpgradeNode, prefix: string, count: number, from: number): Promise<readonly LivePod[]> {
  const added: LivePod[] = [];
  for (let index = 0; index < count; index++) added.push(await node.addPod(`${prefix}-${index}`, from + index));
  return added;
}

async function delAll(
  node: UpgradeNode,
  pods: readonly LivePod[],
  ways: typeof WAYS_DOWN = WAYS_DOWN.slice(0, 1),
): Promise<void> {
  for (const [index, one] of pods.entries()) {
    const [name, takeDown] = ways[index % ways.length] ?? ['', async () => {}];
    await takeDown(node, one).catch((thrown) => {
      throw new Error(`DEL of ${one.name}, ${name}: ${thrown}`);
    });
    await one.die();
  }
}

/** What CHECK refuses, with the names of the pods. */
async function refusalsOf(node: UpgradeNode, pods: readonly LivePod[]): Promise<readonly string[]> {
  const refusals: string[] = [];
  for (const { list, attachment, name } of pods) {
    await node.runtime.check(list, attachment).catch((thrown) => refusals.push(`${name}: ${thrown}`));
  }
  return refusals;
}

/** The first half of all pods, and the second; of each network in both. */
function halves(pods: readonly LivePod[]): readonly [readonly LivePod[], readonly LivePod[]] {
  return [pods.slice(0, pods.length / 2), pods.slice(pods.length / 2)];
}

test(`${PODS} pods live on while the plugins are exchanged, forth, back, forth and back`, async () => {
  const node = await createUpgradeNode();
  const { host, runtime } = node;
  const seen: WatchReport[] = [];
  const counts = { came: 0 };
  try {
    const reference = await node.plugins();
    // What all containers share is made by the first of each network.
    await delAll(node, await addAll(node, 'warm', NETWORKS.length, 9000));
    const before = await takeSnapshot(host, { pods: [], ignore: MAY_STAY });
    const observe = async (pods: readonly LivePod[]) => {
      const stop = await node.watchAll(pods);
      return async () => void seen.push(...(await stop()));
    };

    const [leaving, staying] = halves(await addAll(node, 'first', PODS, 0));
    const [leftAlone, stay] = [await observe(leaving), await observe(staying)];
    counts.came += await whileOthersCome(node, 'forth', () => node.install());
    expect(await refusalsOf(node, [...leaving, ...staying])).toEqual([]);
    await leftAlone();
    await delAll(node, leaving, WAYS_DOWN);
    await delAll(node, await addAll(node, 'own', NETWORKS.length, 50), [...WAYS_DOWN.slice(1), WITHOUT_RESULT]);
    const [going, remaining] = halves(await addAll(node, 'second', PODS, 100));
    const [gone, remain] = [await observe(going), await observe(remaining)];
    expect(await refusalsOf(node, [...staying, ...going, ...remaining])).toEqual([]);

    counts.came += await whileOthersCome(node, 'back', () => node.uninstall());
    expect(await node.plugins()).toBe(reference);
    expect(await refusalsOf(node, [...staying, ...going, ...remaining])).toEqual([]);
    await gone();
    await delAll(node, going);
    // Some of them get the addresses of those that are gone, of which our records say otherwise.
    const third = await addAll(node, 'third', PODS / 2, 200);
    const former = new Set(going.flatMap(({ addresses }) => addresses));
    expect(third.filter(({ addresses }) => addresses.some((address) => former.has(address)))).not.toEqual([]);
    const live = await observe(third);

    counts.came += await whileOthersCome(node, 'again', () => node.install());
    await node.cni('doctor', '--fix');
    for (const one of going) await down(runtime, one, { netns: '', prevResult: false });
    expect(await refusalsOf(node, [...staying, ...remaining, ...third])).toEqual([]);
    await Promise.all([stay(), remain(), live()]);
    const [ours, theirs] = [halves(remaining), halves([...staying, ...third])];
    await delAll(node, ours[0], [WITHOUT_RESULT, ...WAYS_DOWN]);
    await delAll(node, theirs[0], WAYS_DOWN);

    counts.came += await whileOthersCome(node, 'last', () => node.uninstall());
    await delAll(node, [...ours[1], ...theirs[1]]);
    // Of those that it has deleted our records still speak; nothing else is left, and the next of us to come sees it.
    await expectRestored(host, before, { pods: [], ignore: [...MAY_STAY, /^file \/run\/cni-ts\//] });
    await node.install();
    await node.cni('doctor', '--fix');
    await node.uninstall();
    await expectRestored(host, before, { pods: [], ignore: MAY_STAY });
    expect(await node.plugins()).toBe(reference);
    expect(seen.flatMap(({ failures }) => failures)).toEqual([]);
    const answers = seen.reduce((sum, report) => sum + report.answers, 0);
    expect(answers).toBeGreaterThan(100 * PODS);
    const worst = Math.max(...seen.map(({ worstMs }) => worstMs));
    for (const line of seen.flatMap(({ slow }) => slow)) console.info(line);
    console.info(`${answers} answers, the slowest after ${worst} ms; ${counts.came} pods came and went meanwhile`);
  } finally {
    await node.dispose();
  }
});
