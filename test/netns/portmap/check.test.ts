import { describe, expect, test } from 'vitest';
import { useHost } from '../harness/use.ts';
import { OURS } from './suites.ts';
import { call, callOf, type Mapped, SHARED, succeed, tcp, udp } from './support.ts';

const host = await useHost({ mayStay: SHARED });
const DUAL = ['10.99.0.2/16', 'fd00:99::2/64'];

async function mapped(backend: string): Promise<Mapped> {
  return { pod: await host.addPod(), mappings: [tcp(8080, 80), udp(53, 53)], addresses: DUAL, conf: { backend } };
}

async function byHand(line: string): Promise<void> {
  const { exitCode, stderr } = await host.run(['sh', '-c', line]);
  expect(exitCode, `${line}: ${stderr}`).toBe(0);
}

async function differencesOf(one: Mapped): Promise<string> {
  const { exitCode, error } = await call(host, OURS, callOf('CHECK', one));
  expect(exitCode).toBe(1);
  return `${error?.msg}; ${error?.details}`;
}

type Spoilt = readonly [line: string, first: RegExp, second?: RegExp];

/** What somebody does by hand, and what CHECK says of it. */
const SPOILT: Readonly<Record<string, readonly Spoilt[]>> = {
  iptables: [
    [
      'iptables -t nat -D CNI-HOSTPORT-DNAT 1',
      /rule \[.*-p tcp --destination-ports 8080 .*\] in chain CNI-HOSTPORT-DNAT not found/,
    ],
    ['ip6tables -t nat -D CNI-HOSTPORT-DNAT 2', /-p udp --destination-ports 53 .* not found in table nat of ip6tables/],
    [
      'iptables -t nat -F $CHAIN',
      /--dport 8080 -j DNAT --to-destination 10.99.0.2:80\] in chain CNI-DN/,
      /--dport 53 -j DNAT/,
    ],
    [
      'iptables -t nat -F CNI-HOSTPORT-DNAT && iptables -t nat -F $CHAIN && iptables -t nat -X $CHAIN',
      /could not check ipv4 dnat: chain CNI-DN-\w+ not found/,
    ],
    ['iptables -t nat -D PREROUTING 1', /in chain PREROUTING not found/],
    ['iptables -t nat -F CNI-HOSTPORT-MASQ', /in chain CNI-HOSTPORT-MASQ not found/],
    [
      'iptables -t nat -I CNI-HOSTPORT-DNAT 1 -p tcp -m multiport --dports 8000:8090 -j DNAT --to-destination 10.99.0.7:1',
      /host port 8080\/tcp is taken by a rule in front: -A CNI-HOSTPORT-DNAT .*10.99.0.7/,
    ],
  ],
  nftables: [
    [
      'nft flush chain ip cni_hostport hostports',
      /missing hostport rules in "hostports" chain: tcp dport 8080 dnat to 10.99.0.2:80/,
      /udp dport 53/,
    ],
    [
      'nft flush chain ip6 cni_hostport masquerading',
      /missing hostport rules in "masquerading" chain: ip6 saddr fd00:99::2/,
    ],
    ['nft flush chain ip cni_hostport output', /missing rule in "output" chain/],
    ['nft flush chain ip6 cni_hostport hostports_all', /missing rule in "hostports_all" chain/],
    ['nft delete table ip cni_hostport', /missing hostport rules/, /missing rule in "prerouting"/],
    [
      'nft insert rule ip cni_hostport hostports tcp dport 8080 dnat to 10.99.0.7:1 comment other',
      /host port 8080\/tcp is taken by a rule in front: .*10.99.0.7:1 \(container other\)/,
    ],
  ],
};

describe.each(['iptables', 'nftables'])('%s', (backend) => {
  test('CHECK takes what ADD made', async () => {
    const one = await mapped(backend);
    await succeed(host, OURS, callOf('ADD', one));
    await succeed(host, OURS, callOf('CHECK', one));
    await succeed(host, OURS, callOf('CHECK', one, { backend: undefined }));
    await succeed(host, OURS, callOf('DEL', one));
    expect(await differencesOf(one)).toMatch(/not found|missing/);
  });

  test.each((SPOILT[backend] ?? []).map(([line, first, second = first]) => ({ line, first, second })))(
    '$line',
    async ({ line, first, second }) => {
      const one = await mapped(backend);
      await succeed(host, OURS, callOf('ADD', one));
      const chain = (
        await host.run(['sh', '-c', "iptables-save -t nat | sed -n 's/^:\\(CNI-DN-[^ ]*\\).*/\\1/p'"])
      ).stdout.trim();
      await byHand(line.replaceAll('$CHAIN', chain));
      const differences = await differencesOf(one);
      for (const text of [first, second]) expect(differences).toMatch(text);
      await succeed(host, OURS, callOf('DEL', one));
      // The next ADD mends what all share.
      await succeed(host, OURS, callOf('ADD', one));
      if (!line.includes('insert') && !line.includes('-I CNI')) {
        if (!line.includes('output') && !line.includes('ip6')) await succeed(host, OURS, callOf('CHECK', one));
      }
      await succeed(host, OURS, callOf('DEL', one));
      await byHand(
        'iptables -t nat -F CNI-HOSTPORT-DNAT 2>/dev/null; nft flush chain ip cni_hostport hostports 2>/dev/null; true',
      );
      if (backend === 'nftables') await byHand('nft delete table ip cni_hostport; nft delete table ip6 cni_hostport');
    },
  );
});

test('what CHECK cannot do without', async () => {
  const one: Mapped = { pod: await host.addPod(), mappings: [tcp(8080, 80)] };
  const { error } = await call(host, OURS, callOf('CHECK', one, { prevResult: undefined }));
  expect(error?.msg).toBe('Required prevResult missing');
  await succeed(host, OURS, callOf('CHECK', { ...one, mappings: [] }));
});
