import { expect, test } from 'vitest';
import { createHost, type Host } from '../harness/host.ts';
import { CASES, type Case } from './cases.ts';
import { OURS, referenceSuite, type Suite } from './suites.ts';
import { addNetwork, call, callOf, containerRulesOn, type Mapped, rulesOn, tcp } from './support.ts';

const REFERENCE = await referenceSuite();

/** All that can be seen of an ADD and a DEL: of the first container of a host, and of one after another. */
async function observe(suite: Suite, one: (typeof CASES)[number]): Promise<readonly unknown[]> {
  const host = await createHost(suite.name);
  try {
    await addNetwork(host);
    for (const line of one.prepare ?? []) expect((await host.run(line.split(' '))).exitCode).toBe(0);
    const before = await host.addPod();
    const seen: unknown[] = [];
    const other: Mapped = { pod: before, mappings: [tcp(7000, 70)], addresses: ['10.99.0.9/16'], containerId: 'other' };
    const conf = { ...one.conf, ...(one.backend === '' ? {} : { backend: one.backend }) };
    // Once into an empty table, once beside another container.
    for (const neighbour of [undefined, { ...other, conf }]) {
      if (neighbour !== undefined) seen.push(await outcomeOf(host, suite, 'ADD', neighbour));
      const pod = await host.addPod();
      const mapped: Mapped = { ...mappedOf(one), pod, conf };
      seen.push(await outcomeOf(host, suite, 'ADD', mapped));
      if (neighbour !== undefined || one.cniVersion !== '0.3.1')
        seen.push(await outcomeOf(host, suite, 'CHECK', mapped));
      seen.push(await outcomeOf(host, suite, 'DEL', mapped));
      await pod.remove();
    }
    return seen;
  } finally {
    await host.dispose();
  }
}

function mappedOf({ mappings, addresses, containerId, cniVersion }: Case): Omit<Mapped, 'pod'> {
  return {
    mappings,
    ...(addresses === undefined ? {} : { addresses }),
    ...(containerId === undefined ? {} : { containerId }),
    ...(cniVersion === undefined ? {} : { cniVersion }),
  };
}

async function outcomeOf(host: Host, suite: Suite, verb: string, mapped: Mapped): Promise<unknown> {
  if (verb === 'CHECK' && mapped.cniVersion === '0.3.1') return 'no CHECK';
  const { exitCode, stdout, stderr } = await call(host, suite, callOf(verb, mapped));
  expect(exitCode, `${suite.name} ${verb}: ${stdout}${stderr}`).toBe(0);
  const result = stdout === '' ? '' : JSON.parse(stdout.replaceAll(mapped.pod.path, '<pod>'));
  // The reference leaves it on.
  const isPutBack = (line: string) => verb === 'DEL' && /br0\/route_localnet/.test(line);
  const rules = (await rulesOn(host)).filter((line) => !ADDED_ON_PURPOSE.test(line) && !isPutBack(line));
  return { verb, result, rules };
}

/** What this suite has besides; docs/plugins/portmap.md has the reasons. */
const ADDED_ON_PURPOSE = / ct status dnat masquerade comment | daddr 127\.0\.0\.0\/8 .*drop/;

for (const one of CASES) {
  test(`both suites do the same with ${one.backend || 'either'}: ${one.title}`, async () => {
    const [ours, theirs] = await Promise.all([observe(OURS, one), observe(REFERENCE, one)]);
    expect(ours).toEqual(theirs);
  });
}

test('the cases are seen to make rules', async () => {
  const host = await createHost('seen');
  try {
    const mapped: Mapped = { pod: await host.addPod(), mappings: [tcp(8080, 80)], conf: { backend: 'iptables' } };
    await call(host, OURS, callOf('ADD', mapped));
    expect((await containerRulesOn(host)).length).toBeGreaterThanOrEqual(5);
  } finally {
    await host.dispose();
  }
});
