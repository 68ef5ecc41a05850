import { afterAll, expect, test } from 'vitest';
import { OURS, referenceSuite, type Suite } from '../bridge/suites.ts';
import { createHost, type Host, type Pod } from '../harness/host.ts';
import { linkState } from '../link-state.ts';
import { CASES, type Case, MAC, OTHER } from './cases.ts';
import { attachmentOf, call, confOf, V4 } from './support.ts';

const REFERENCE = await referenceSuite();
const [ours, theirs] = await Promise.all([createHost('ours'), createHost('theirs')]);

afterAll(() => Promise.all([ours.dispose(), theirs.dispose()]));

/** A MAC that was made up is as good as any other. */
function withoutChance(text: string, pod: Pod): string {
  const kept = [MAC, OTHER, '02:00:5e:10:00:09', 'ff:ff:ff:ff:ff:ff', '00:00:00:00:00:00'];
  return text
    .replaceAll(pod.path, '<pod>')
    .replace('fsmount:fscontext:proc/', '/proc/')
    .replace(/(?:[\da-f]{2}:){5}[\da-f]{2}/g, (mac) => (kept.includes(mac) ? mac : '<mac>'));
}

async function observe(suite: Suite, host: Host, one: Case) {
  const pod = await host.addPod();
  const state = async () => (await linkState(pod, 'eth0')).map((line) => withoutChance(line, pod));
  try {
    await one.prepare?.(pod);
    const before = await state();
    const conf = confOf({ ipam: V4, ...one.conf }, one.cniVersion);
    const base = { ...attachmentOf(pod), args: one.args ?? '' };
    const add = await call(host, { verb: 'ADD', ...base, conf }, suite);
    const answer: unknown = JSON.parse(withoutChance(JSON.stringify(add.result ?? { msg: add.error?.msg }), pod));
    if (add.exitCode !== 0) return { answer, before, afterAdd: [], afterDel: suite === OURS ? await state() : before };
    const afterAdd = await state();
    const del = await call(host, { verb: 'DEL', ...base, conf: { ...conf, prevResult: add.result } }, suite);
    expect(del.exitCode, JSON.stringify(del.error)).toBe(0);
    return { answer, before, afterAdd, afterDel: await state() };
  } finally {
    await pod.remove();
    await host.run(['rm', '-rf', '/var/lib/cni/networks', '/run/cni-ts']);
  }
}

/** With what the reference has left out put in by hand. */
function completed(lines: readonly string[], { mtu, address }: NonNullable<Case['ignoredByReference']>) {
  return lines.map((line) => {
    if (!line.startsWith('link {"ifname":"eth0"')) return line;
    return line.replace('"mtu":1500', `"mtu":${mtu}`).replace('"address":"<mac>"', `"address":"${address}"`);
  });
}

test.each(CASES)('both suites do the same: $title', async (one) => {
  const [mine, reference] = await Promise.all([observe(OURS, ours, one), observe(REFERENCE, theirs, one)]);
  const { ignoredByReference: ignored } = one;
  if (ignored === undefined) {
    expect(mine.answer).toEqual(reference.answer);
    expect(mine.afterAdd).toEqual(reference.afterAdd);
  } else {
    expect(JSON.stringify(mine.answer)).toBe(JSON.stringify(reference.answer).replace('<mac>', ignored.address ?? ''));
    expect(mine.afterAdd).not.toEqual(reference.afterAdd);
    expect(mine.afterAdd).toEqual(completed(reference.afterAdd, ignored));
  }
  expect(mine.afterDel).toEqual(mine.before);
});
