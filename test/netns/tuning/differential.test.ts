import { expect, test } from 'vitest';
import { referenceSuite } from '../bridge/suites.ts';
import { BUILT_PLUGINS } from '../harness/plugin.ts';
import { CASES } from './cases.ts';
import { type Case, callTuning, podWithLink, stateOf } from './support.ts';

const { folder: REFERENCE } = await referenceSuite();

async function observe(one: Case, adder: string, deleter: string) {
  const place = await podWithLink(one);
  try {
    const hasLink = one.before?.includes('link del') !== true;
    const add = await callTuning(adder, 'ADD', place, one);
    const afterAdd = hasLink && one.leftByReference !== true ? await stateOf(place) : undefined;
    const check = add.exitCode === 0 ? await callTuning(deleter, 'CHECK', place, one) : undefined;
    const del = await callTuning(deleter, 'DEL', place, one);
    const afterDel = hasLink ? await stateOf(place) : undefined;
    // Ours says in front what it was about.
    const msg = add.error?.msg.replace(/^failed to set \w+ of "eth0": /, '');
    const checked = one.refusedByReference ? undefined : check?.exitCode;
    if (one.refusedByReference && deleter === BUILT_PLUGINS) expect(check?.exitCode).toBe(0);
    return { answer: add.result ?? { code: add.exitCode, msg }, afterAdd, checked, del: del.exitCode, afterDel };
  } finally {
    await place.host.dispose();
  }
}

test.each(CASES)('both suites do the same: $what', async (one) => {
  const [theirs, ours] = await Promise.all([
    observe(one, REFERENCE, REFERENCE),
    observe(one, BUILT_PLUGINS, BUILT_PLUGINS),
  ]);
  expect(ours).toEqual(theirs);
});

test.each(CASES.filter(({ conf }) => conf !== undefined && !('sysctl' in conf)))(
  'what one suite has changed the other puts back: $what',
  async (one) => {
    const alone = await observe(one, REFERENCE, REFERENCE);
    expect(await observe(one, REFERENCE, BUILT_PLUGINS)).toEqual(alone);
    expect(await observe(one, BUILT_PLUGINS, REFERENCE)).toEqual(alone);
  },
);
