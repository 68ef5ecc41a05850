import { afterAll, expect, test } from 'vitest';
import { OURS, referenceSuite, type Suite } from '../bridge/suites.ts';
import { createHost, type Host } from '../harness/host.ts';
import type { PluginCall } from '../harness/plugin.ts';
import { call, callOf, routedPod, routingOf } from './support.ts';

const REFERENCE = await referenceSuite();
const [ours, theirs] = await Promise.all([createHost('ours'), createHost('theirs')]);

afterAll(() => Promise.all([ours.dispose(), theirs.dispose()]));

/** One configuration that both suites are given. */
interface Case {
  readonly title: string;
  readonly conf?: object;
  readonly cniVersion?: string;
  readonly more?: string;
  readonly change?: Partial<PluginCall>;
}

const withIps = (...ips: readonly object[]) => ({
  prevResult: { cniVersion: '1.0.0', interfaces: [{ name: 'eth0' }, { name: 'eth1' }], ips },
});
const V4 = { address: '10.0.0.5/24', gateway: '10.0.0.1', interface: 0 };

/** The reference cannot add a route again whose gateway is only there because somebody says so. */
const WITHOUT_ONLINK = 'route del 10.6.0.0/16 via 192.0.2.1 dev eth0';

const CASES: readonly Case[] = [
  { title: 'both families' },
  ...['0.2.0', '0.3.1', '0.4.0', '1.1.0'].map((cniVersion) => ({ title: `version ${cniVersion}`, cniVersion })),
  { title: 'one family', conf: withIps(V4) },
  { title: 'no gateway', conf: withIps({ ...V4, gateway: undefined }) },
  { title: 'an index that leads to no interface', conf: withIps({ ...V4, interface: 7 }) },
  { title: 'no interface named', conf: withIps({ ...V4, interface: undefined }) },
  { title: 'addresses of another interface', conf: withIps(V4, { address: '10.1.0.5/24', interface: 1 }) },
  {
    title: 'two addresses in one network',
    conf: withIps(V4, { ...V4, address: '10.0.0.6/24' }),
    more: 'addr add 10.0.0.6/24 dev eth0',
  },
  {
    title: 'the other interface',
    conf: withIps({ address: '10.1.0.5/24', gateway: '10.1.0.1', interface: 1 }),
    change: { ifName: 'eth1' },
  },
  { title: 'a table', conf: { table: 500 } },
  { title: 'a table that nobody would guess', conf: { table: 1_234_567 } },
  { title: 'tables that have rules', more: 'rule add from 10.0.0.77 table 100\nrule add from all fwmark 5 table 102' },
  // What cannot be.
  { title: 'no result before', conf: { prevResult: undefined } },
  { title: 'no addresses', conf: withIps() },
  { title: 'no such interface', conf: withIps({ ...V4, interface: undefined }), change: { ifName: 'eth9' } },
  { title: 'a gateway out of reach', conf: withIps({ ...V4, gateway: '172.16.0.1' }) },
  { title: 'a rule that is there', conf: { table: 500 }, more: 'rule add from 10.0.0.5 table 500' },
];

async function observe(suite: Suite, host: Host, { conf, cniVersion, more = '', change }: Case) {
  const pod = await routedPod(host, `${WITHOUT_ONLINK}\n${more}`);
  try {
    const before = await routingOf(pod);
    const add = await call(host, { ...callOf('ADD', pod, conf, cniVersion), ...change }, suite);
    const afterAdd = await routingOf(pod);
    const del = await call(host, { ...callOf('DEL', pod, conf, cniVersion), ...change }, suite);
    const afterDel = await routingOf(pod);
    const answer: unknown = JSON.parse(JSON.stringify(add.result ?? add.error?.msg).replaceAll(pod.path, '<pod>'));
    return { answer, before, afterAdd, del: del.exitCode, afterDel };
  } finally {
    await pod.remove();
  }
}

test.each(CASES)('both suites do the same: $title', async (one) => {
  const [mine, reference] = await Promise.all([observe(OURS, ours, one), observe(REFERENCE, theirs, one)]);
  expect(mine.answer).toEqual(reference.answer);
  expect(mine.del).toBe(0);
  // What the reference leaves of an ADD that failed is nothing to go by.
  if (typeof mine.answer === 'string') expect(mine.afterAdd).toEqual(mine.before);
  else expect([mine.afterAdd, mine.afterDel]).toEqual([reference.afterAdd, reference.afterDel]);
});
