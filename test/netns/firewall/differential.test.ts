import { expect, test } from 'vitest';
import { referenceSuite } from '../bridge/suites.ts';
import { BUILT_PLUGINS } from '../harness/plugin.ts';
import { type Case, callFirewall, hostFor, IPV4, IPV6, rulesOf } from './support.ts';

const { folder: REFERENCE } = await referenceSuite();

const CASES: readonly Case[] = [
  { what: 'IPv4' },
  { what: 'IPv6', ips: [IPV6] },
  { what: 'both families', ips: [IPV4, IPV6] },
  { what: 'two addresses', ips: [IPV4, '10.1.2.4/24'] },
  { what: 'no address', ips: [] },
  { what: 'iptables', conf: { backend: 'iptables' } },
  { what: 'another chain for the administrator', conf: { iptablesAdminChainName: 'MY-OWN' } },
  { what: 'an open network', conf: { ingressPolicy: 'open' } },
  { what: 'the same bridge', conf: { ingressPolicy: 'same-bridge' } },
  { what: 'the same bridge, IPv6', conf: { ingressPolicy: 'same-bridge' }, ips: [IPV6] },
  { what: 'isolated', conf: { ingressPolicy: 'isolated' } },
  { what: 'isolated, both families', conf: { ingressPolicy: 'isolated' }, ips: [IPV4, IPV6] },
  { what: 'an old version', cniVersion: '0.4.0' },
  { what: 'no previous result', conf: { prevResult: undefined } },
  {
    what: 'rules of others before',
    before: 'iptables -A FORWARD -s 192.0.2.1 -j DROP; iptables -N CNI-ADMIN; iptables -A CNI-ADMIN -p udp -j DROP',
  },
  {
    what: 'a chain without its jump',
    before: 'iptables -N CNI-FORWARD; iptables -A CNI-FORWARD -s 192.0.2.1 -j ACCEPT',
    conf: { ingressPolicy: 'same-bridge' },
  },
  {
    what: 'another chain for the administrator before',
    before: 'iptables -N CNI-FORWARD; iptables -N X; iptables -A CNI-FORWARD -j X',
  },
];

async function observe(one: Case, adder: string, deleter: string) {
  const place = await hostFor(one);
  try {
    const add = await callFirewall(adder, 'ADD', place, one);
    const afterAdd = await rulesOf(place.host);
    const check = add.exitCode === 0 ? await callFirewall(deleter, 'CHECK', place, one) : undefined;
    const del = await callFirewall(deleter, 'DEL', place, one);
    const afterDel = await rulesOf(place.host);
    return {
      answer: add.result ?? { msg: add.error?.msg },
      afterAdd,
      check: check?.exitCode,
      del: del.exitCode,
      afterDel,
    };
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

test.each(CASES.filter(({ conf }) => conf === undefined || !('prevResult' in conf)))(
  'what one suite adds the other removes: $what',
  async (one) => {
    const [alone, there, back] = await Promise.all([
      observe(one, REFERENCE, REFERENCE),
      observe(one, REFERENCE, BUILT_PLUGINS),
      observe(one, BUILT_PLUGINS, REFERENCE),
    ]);
    expect(there).toEqual(alone);
    expect(back).toEqual(alone);
  },
);
