import { afterAll, expect, test } from 'vitest';
import { compareLines, distinctLines } from '../../../scripts/lib/network-state.ts';
import { OURS, referenceSuite, type Suite } from '../bridge/suites.ts';
import { createHost, type Host } from '../harness/host.ts';
import { linkState } from '../link-state.ts';
import { CASES, type Case } from './cases.ts';
import { addDevice, attachmentOf, call, confOf, layDevices, removeDevice } from './support.ts';

const REFERENCE = await referenceSuite();
const [ours, theirs] = await Promise.all([hostFor(OURS), hostFor(REFERENCE)]);

afterAll(() => Promise.all([ours.dispose(), theirs.dispose()]));

async function hostFor({ name }: Suite): Promise<Host> {
  const host = await createHost(name);
  await layDevices(host);
  return host;
}

async function observe(suite: Suite, host: Host, one: Case) {
  const pod = await host.addPod();
  const peerMac = '02:00:5e:10:00:02';
  await addDevice(host);
  await host.ip(`link set dev dev0-peer address ${peerMac}`);
  const { ifName = 'eth0' } = one;
  const state = async () => [
    ...(await linkState(host)).map((line) => `host ${line}`),
    ...(await linkState(pod, ifName)).map((line) => `pod ${line}`),
  ];
  try {
    await one.prepare?.(host, pod);
    const conf = confOf(one.conf, one.cniVersion);
    const attachment = attachmentOf(pod, 'c1', ifName);
    const add = await call(host, { verb: 'ADD', ...attachment, conf }, suite);
    const text = JSON.stringify(add.result ?? { msg: add.error?.msg });
    const answer: unknown = JSON.parse(text.replaceAll(pod.path, '<pod>'));
    const afterAdd = await state();
    if (add.exitCode !== 0) return { answer, afterAdd, afterDel: [] };
    const del = await call(host, { verb: 'DEL', ...attachment, conf: { ...conf, prevResult: add.result } }, suite);
    expect(del.exitCode, `${suite.name} DEL: ${JSON.stringify(del.error)}`).toBe(0);
    return { answer, afterAdd, afterDel: await state() };
  } finally {
    await removeDevice(host);
    await pod.remove();
    await host.run(['rm', '-rf', '/var/lib/cni/networks', '/run/cni-ts']);
  }
}

function differences(a: readonly string[], b: readonly string[], { differs = [] }: Case): readonly string[] {
  const lines = compareLines(distinctLines(a), distinctLines(b));
  return lines.filter((line) => !differs.some((pattern) => pattern.test(line)));
}

test.each(CASES)('both suites do the same: $title', async (one) => {
  const [mine, reference] = await Promise.all([observe(OURS, ours, one), observe(REFERENCE, theirs, one)]);
  expect(mine.answer).toEqual(reference.answer);
  expect(differences(reference.afterAdd, mine.afterAdd, one)).toEqual([]);
  expect(differences(reference.afterDel, mine.afterDel, one)).toEqual([]);
});
