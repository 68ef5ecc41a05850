import { afterAll, expect, test } from 'vitest';
import { OURS, referenceSuite, type Suite } from '../bridge/suites.ts';
import { byDriver } from '../harness/drivers.ts';
import { createHost, type Host } from '../harness/host.ts';
import type { PluginCall } from '../harness/plugin.ts';
import { BOTH, call, callOf, podWithPair, shapingOn } from './support.ts';

const REFERENCE = await referenceSuite();
const [ours, theirs] = await Promise.all([createHost('ours'), createHost('theirs')]);
const [ourPod, theirPod] = await Promise.all([podWithPair(ours, 'vh', 1400), podWithPair(theirs, 'vh', 1400)]);

afterAll(() => Promise.all([ours.dispose(), theirs.dispose()]));

/** One configuration that both suites are given. */
interface Case {
  readonly title: string;
  readonly conf: object;
  readonly cniVersion?: string;
  readonly change?: Partial<PluginCall>;
}

const K8S = { ingressRate: 10_000_000, ingressBurst: 4_294_967_295, egressRate: 0, egressBurst: 0 };
const TO = { ingressRate: 8_000_000, ingressBurst: 800_000 };
const FROM = { egressRate: 8_000_000, egressBurst: 800_000 };
const under = (bandwidth: object) => ({ runtimeConfig: { bandwidth } });
const upper = (rates: object) =>
  Object.fromEntries(Object.entries(rates).map(([key, value]) => [`${key[0]?.toUpperCase()}${key.slice(1)}`, value]));
const previous = (interfaces: readonly object[]) => ({ prevResult: { cniVersion: '1.0.0', interfaces } });

const CASES: readonly Case[] = [
  { title: 'to the container', conf: TO },
  { title: 'from the container', conf: FROM },
  { title: 'both ways', conf: BOTH },
  ...['0.3.0', '0.4.0', '1.1.0'].map((cniVersion) => ({ title: `version ${cniVersion}`, conf: BOTH, cniVersion })),
  { title: 'rates of the runtime', conf: under(BOTH) },
  { title: 'rates of containerd', conf: under(upper(K8S)) },
  { title: 'letters of any case', conf: { RuntimeConfig: { bandWidth: { INGRESSRATE: 8000, ingressburst: 8000 } } } },
  { title: 'its own rates and those of the runtime', conf: { ...TO, ...under(BOTH) } },
  { title: 'its own rate of 0 and those of the runtime', conf: { ingressRate: 0, ...under(BOTH) } },
  { title: 'rates of 0', conf: { ingressRate: 0, ingressBurst: 0, egressRate: 0, egressBurst: 0 } },
  { title: 'nothing', conf: {} },
  { title: 'odd numbers', conf: { ingressRate: 1_234_567, ingressBurst: 7_654_321 } },
  { title: 'slow', conf: { ...TO, ingressRate: 64_000, ingressBurst: 64_000 } },
  { title: 'very fast', conf: { ingressRate: 40_000_000_000, ingressBurst: 40_000_000 } },
  { title: 'faster than 32 bits can say', conf: { egressRate: 80_000_000_000, egressBurst: 800_000_000 } },
  { title: 'a very large burst', conf: { ingressRate: 80_000_000_000, ingressBurst: 20_000_000_000 } },
  // What cannot be.
  { title: 'a rate without a burst', conf: { ingressRate: 8_000_000 } },
  { title: 'a burst without a rate', conf: under({ egressBurst: 8_000_000 }) },
  { title: 'too large a burst', conf: { ingressRate: 8, ingressBurst: 34_359_738_360 } },
  { title: 'no result before', conf: { ...BOTH, prevResult: undefined } },
  { title: 'a result without interfaces', conf: { ...BOTH, ...previous([]) } },
  { title: 'another pair in the result', conf: { ...BOTH, ...previous([{ name: 'other' }]) } },
  { title: 'the pair of a sandbox in the result', conf: { ...BOTH, ...previous([{ name: 'vh', sandbox: '/x' }]) } },
  { title: 'no such interface', conf: BOTH, change: { ifName: 'eth9' } },
  { title: 'an interface that is no pair', conf: BOTH, change: { ifName: 'lo' } },
];

async function observe(suite: Suite, host: Host, { conf, cniVersion, change }: Case) {
  const pod = host === ours ? ourPod : theirPod;
  const shown = (value: unknown): unknown =>
    JSON.parse(
      JSON.stringify(value ?? null)
        .replaceAll(pod.path, '<pod>')
        .replace(/(?:[\da-f]{2}:){5}[\da-f]{2}/g, '<mac>'),
    );
  const before = await shapingOn(host, 'vh');
  const add = await call(host, { ...callOf('ADD', pod, 'vh', conf, cniVersion), ...change }, suite);
  const afterAdd = await shapingOn(host, 'vh');
  const check = await call(host, { ...callOf('CHECK', pod, 'vh', conf, cniVersion), ...change }, suite);
  const del = await call(host, { ...callOf('DEL', pod, 'vh', conf, cniVersion), ...change }, suite);
  const afterDel = await shapingOn(host, 'vh');
  await host.run(['sh', '-c', 'tc qdisc del dev vh root; tc qdisc del dev vh ingress; rm -rf /run/cni-ts']);
  expect(await shapingOn(host, 'vh')).toEqual(before);
  return { add: shown(add.result ?? add.error?.msg), afterAdd, check: check.error?.msg, del: del.error?.msg, afterDel };
}

/** Of two ways to the same link the second is never come to. */
function withoutSecondAction(lines: readonly string[]): readonly string[] {
  return lines.map((line) => {
    const filter = JSON.parse(line) as { options?: { actions?: unknown[] } };
    filter.options?.actions?.splice(1);
    return JSON.stringify(filter);
  });
}

const BURST = /("burst_raw":)"(?:0x)?([\da-f]+)"/g;

/** Told by `tc`, the kernel counts bursts to the nanosecond; told by the reference, to the microsecond: in ticks. */
const MICROSECOND = 16;

function burstsIn(lines: readonly string[]): readonly number[] {
  return lines.flatMap((line) => [...line.matchAll(BURST)].map(([, , ticks = '']) => Number.parseInt(ticks, 16)));
}

function withoutBursts(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.replace(BURST, '$1'));
}

function expectSameShaping(mine: readonly string[], reference: readonly string[]): void {
  expect(withoutBursts(mine)).toEqual(withoutBursts(withoutSecondAction(reference)));
  const theirs = burstsIn(reference);
  for (const [index, ticks] of burstsIn(mine).entries())
    expect(Math.abs(ticks - (theirs[index] ?? 0))).toBeLessThanOrEqual(byDriver({ native: 0, ip: MICROSECOND }));
}

test.each(CASES)('both suites do the same: $title', async (one) => {
  const [mine, reference] = await Promise.all([observe(OURS, ours, one), observe(REFERENCE, theirs, one)]);
  expect(mine.add).toEqual(reference.add);
  expectSameShaping(mine.afterAdd, reference.afterAdd);
  expectSameShaping(mine.afterDel, reference.afterDel);
  expect(mine.check).toEqual(reference.check);
  // The reference's DEL refuses rates that it has no use for.
  expect(mine.del).toBe(undefined);
});
