import { expect, test } from 'vitest';
import type { Suite } from '../bridge/suites.ts';
import { vethsOn } from '../bridge/support.ts';
import { createHost, type Host, type Pod } from '../harness/host.ts';
import { type Attachment, Runtime } from '../harness/libcni.ts';
import type { Background } from '../harness/place.ts';
import { expectRestored, takeSnapshot } from '../harness/snapshot.ts';
import { attachmentOf, listOf, type Mapping, SHARED, SHARED_MORE_THAN_ONCE } from './pods.ts';
import { type Backend, SUITES } from './suites.ts';

/** How many pods; of the reference, which only shows that the task can be done, as many as come at once and some more. */
const PODS = { ours: 100, reference: 40 } as const;
const AT_ONCE = 30;

/** Others that change rules all the time: each makes whoever looked before start anew. */
const NFT_CONTENDER = 'while :; do nft add table inet other; nft delete table inet other; sleep 0.02; done';
/** What firewalls do with the iptables programs, and for a tenth of a second at a time with their lock. */
const IPTABLES_CONTENDER = `while :; do
  iptables -w 30 -t nat -N OTHER; iptables -w 30 -t nat -X OTHER
  flock /run/xtables.lock sleep 0.1; sleep 0.05
done`;

interface Variant {
  readonly name: string;
  readonly backend: Backend;
  /** Whether the iptables programs are the old ones, which have one lock for everybody. */
  readonly isLegacy?: true;
}

const VARIANTS: readonly Variant[] = [
  { name: 'iptables', backend: 'iptables' },
  { name: 'iptables (legacy)', backend: 'iptables', isLegacy: true },
  { name: 'nftables', backend: 'nftables' },
];

function portsOf(index: number): readonly Mapping[] {
  const first = 20_000 + 3 * index;
  return [
    { hostPort: first, containerPort: 80, protocol: 'tcp' },
    { hostPort: first + 1, containerPort: 443, protocol: 'tcp' },
    { hostPort: first + 2, containerPort: 53, protocol: 'udp' },
  ];
}

/** Does something for every element, so many at once, and gives the failures. */
async function failuresOf<T>(all: readonly T[], work: (one: T) => Promise<unknown>): Promise<readonly string[]> {
  const waiting = [...all];
  const failures: string[] = [];
  const worker = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      await work(one).catch((thrown) => failures.push(String(thrown)));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return failures;
}

/** How many of the burst's rules there are, one for each port at least. */
async function rulesOn(host: Host, { isLegacy }: Variant): Promise<number> {
  const programs = isLegacy === true ? ['iptables-save', 'ip6tables-save'] : ['nft list ruleset'];
  const { stdout } = await host.run(['sh', '-c', programs.join('; ')]);
  return stdout.split('\n').filter((line) => /dnat to|-j DNAT|CNI-DN-/.test(line)).length;
}

/** Makes the legacy programs the ones that are called `iptables` there; whether they work. */
async function useLegacy(host: Host): Promise<boolean> {
  await host.run(['mount', '--bind', '/usr/sbin/xtables-legacy-multi', '/usr/sbin/xtables-nft-multi']);
  await host.run(['rm', '-rf', '/run/mount']);
  const { exitCode } = await host.run(['iptables', '-t', 'nat', '-S']);
  const { stdout } = await host.run(['iptables', '--version']);
  return exitCode === 0 && stdout.includes('legacy');
}

async function burst(host: Host, suite: Suite, variant: Variant, pods: readonly Pod[]): Promise<void> {
  const list = listOf(variant.backend);
  const runtime = new Runtime(host, [suite.folder]);
  const attachments: readonly Attachment[] = pods.map((pod, index) =>
    attachmentOf(pod, `pod-${index}`, portsOf(index)),
  );
  // Where the shared chains are missing, several calls of the reference make them at once, and some fail.
  const alone = suite.name === 'reference' ? attachments.slice(0, 1) : [];
  for (const attachment of alone) {
    await runtime.add(list, attachment);
    await runtime.del(list, attachment);
  }
  expect(await failuresOf(attachments, (attachment) => runtime.add(list, attachment))).toEqual([]);
  expect(await rulesOn(host, variant)).toBeGreaterThanOrEqual(2 * 3 * pods.length);
  // Of portmap alone: while others come, the reference's bridge changes its MAC, and its CHECK minds that.
  const portmap = { ...list, plugins: list.plugins.filter(({ type }) => type === 'portmap') };
  expect(await failuresOf(attachments, (attachment) => runtime.check(portmap, attachment))).toEqual([]);
  expect(await failuresOf(attachments, (attachment) => runtime.del(list, attachment))).toEqual([]);
  expect(await rulesOn(host, variant)).toBe(0);
  expect(await vethsOn(host)).toEqual([]);
}

for (const suite of SUITES) {
  const ignore = suite.name === 'reference' ? SHARED_MORE_THAN_ONCE : SHARED;
  test.for(VARIANTS)(
    `${suite.name}: ${PODS[suite.name]} pods with three ports each, thirty at a time, while others change rules: $name`,
    { timeout: 600_000 },
    async (variant, { skip }) => {
      const host = await createHost('burst');
      let others: readonly Background[] = [];
      try {
        if (variant.isLegacy === true && !(await useLegacy(host))) skip('this kernel has no legacy iptables');
        const pods = await Promise.all(Array.from({ length: PODS[suite.name] }, () => host.addPod()));
        const bare = await takeSnapshot(host, { pods: [], ignore });
        others = [NFT_CONTENDER, IPTABLES_CONTENDER].map((script) => host.start(['sh', '-c', script]));
        await burst(host, suite, variant, pods);
        await Promise.all(others.map((other) => other.stop()));
        // They may have been ended in the middle.
        await host.run(['sh', '-c', 'nft delete table inet other; iptables -w 30 -t nat -X OTHER']);
        await expectRestored(host, bare, { pods: [], ignore });
      } finally {
        await host.dispose();
      }
    },
  );
}
