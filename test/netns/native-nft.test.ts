import { expect, test } from 'vitest';
import type { NativeChain } from '../../pkg/netfilter/native-message.ts';
import type { NftAddition } from '../../pkg/netfilter/native-nft.ts';
import { driver } from '../../scripts/lib/driver.ts';
import { createHost, type Host } from './harness/host.ts';
import type { NftRequest } from './native-nft-driver.ts';

const TABLES = { 4: 'ip t', 6: 'ip6 t', inet: 'inet t' } as const;

/** Rules of every form that plugins use. */
const FORMS: readonly { readonly family: NativeChain['family']; readonly rule: string }[] = [
  { family: 4, rule: 'tcp dport 8080 dnat to 10.99.0.2:80' },
  { family: 4, rule: 'udp dport 65535 dnat to 10.99.0.2:1' },
  { family: 4, rule: 'ip daddr 192.0.2.1 sctp dport 1 dnat to 10.99.0.2:65535' },
  { family: 4, rule: 'ip saddr 10.99.0.2 ip daddr 10.99.0.2 masquerade' },
  { family: 4, rule: 'ip saddr 127.0.0.1 ip daddr 10.99.0.2 masquerade' },
  { family: 4, rule: 'ip saddr 10.99.0.0/16 ip daddr 10.99.0.2 ct status dnat masquerade' },
  { family: 4, rule: 'ip saddr 10.96.0.0/13 ip daddr 10.99.0.2 ct status dnat masquerade' },
  { family: 4, rule: 'ip daddr 10.99.0.2 ct status dnat masquerade' },
  { family: 6, rule: 'ip6 daddr fd00::9 tcp dport 8080 dnat to [fd00::2]:80' },
  { family: 6, rule: 'ip6 saddr fd00::/64 ip6 daddr fd00::2 ct status dnat masquerade' },
  { family: 6, rule: 'ip6 saddr fd00::/67 ip6 daddr fd00::2 ct status dnat masquerade' },
  { family: 'inet', rule: 'ip saddr == 10.1.2.3 ip daddr != 10.1.0.0/16 masquerade' },
  { family: 'inet', rule: 'ip saddr == 10.1.2.3 ip daddr != 10.0.0.0/13 masquerade' },
  { family: 'inet', rule: 'ip6 saddr == fd00::3 ip6 daddr != fd00::/64 masquerade' },
  { family: 'inet', rule: 'ip daddr 224.0.0.0/4 return' },
  { family: 'inet', rule: 'ip6 daddr ff00::/8 return' },
  { family: 'inet', rule: 'goto other' },
];

/** Rules that are for nft itself. */
const UNKNOWN = [
  'tcp dport 80-90 dnat to 10.99.0.2:80',
  'tcp dport http dnat to 10.99.0.2:80',
  'ip daddr { 10.0.0.1, 10.0.0.2 } masquerade',
  'ip daddr 0.0.0.0/0 masquerade',
  'ip6 daddr 10.0.0.1 masquerade',
  'ip protocol tcp masquerade',
  'tcp dport 80 dnat to 10.99.0.2',
  'counter masquerade',
  'icmp type echo-request return',
];

const COMMENT = 'container-1';

function additionOf({ family, rule }: (typeof FORMS)[number], comment = COMMENT): NftAddition {
  return { family, table: 't', chain: 'c', rule, comment };
}

async function ask(host: Host, request: NftRequest): Promise<boolean[]> {
  const { exitCode, stdout, stderr } = await host.run([await driver('test/netns/native-nft-driver.ts')], {
    stdin: JSON.stringify(request),
  });
  if (exitCode !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as boolean[];
}

async function byProgram(host: Host, lines: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await host.run(['nft', '-f', '-'], { stdin: `${lines.join('\n')}\n` });
  if (exitCode !== 0) throw new Error(stderr);
}

async function listed(host: Host): Promise<string> {
  const { stdout } = await host.run(['nft', '--debug=netlink', 'list', 'ruleset']);
  return stdout;
}

async function withHosts(work: (native: Host, program: Host) => Promise<void>): Promise<void> {
  const hosts = await Promise.all([createHost('native'), createHost('program')]);
  try {
    for (const host of hosts) {
      for (const table of Object.values(TABLES)) {
        await byProgram(host, [
          `add table ${table}`,
          `add chain ${table} other`,
          `add chain ${table} c { type nat hook postrouting priority 100 ; }`,
          `delete chain ${table} c`,
          `add chain ${table} c`,
        ]);
      }
    }
    await work(hosts[0], hosts[1]);
  } finally {
    for (const host of hosts) await host.dispose();
  }
}

test('what is added without nft is to the byte what nft would have added, and each knows what the other made', () =>
  withHosts(async (native, program) => {
    expect(await ask(native, [{ do: 'add', additions: FORMS.map((form) => additionOf(form)) }])).toEqual([true]);
    const lines = FORMS.map(({ family, rule }) => `add rule ${TABLES[family]} c ${rule} comment "${COMMENT}"`);
    await byProgram(program, lines);
    const rules = await listed(native);
    expect(rules).toBe(await listed(program));
    expect(rules.split(`comment "${COMMENT}"`).length - 1).toBe(FORMS.length);
    const chain = { family: 'inet', table: 't', chain: 'c' } as const;
    const own = FORMS.filter(({ family }) => family === 'inet').map(({ rule }) => rule);
    const asked = [own, own.toReversed(), own.slice(1), []].map((rules) => ({
      do: 'consists of' as const,
      chain,
      rules,
    }));
    for (const host of [native, program]) expect(await ask(host, asked)).toEqual([true, false, false, false]);
  }));

test('rules with words that it does not know are left to nft', () =>
  withHosts(async (native) => {
    const before = await listed(native);
    const request = UNKNOWN.map((rule) => ({
      do: 'add' as const,
      additions: [additionOf({ family: 4, rule: 'masquerade' }), additionOf({ family: 4, rule })],
    }));
    expect(await ask(native, request)).toEqual(UNKNOWN.map(() => false));
    expect(await listed(native)).toBe(before);
  }));

test('a transaction that the kernel refuses changes nothing', () =>
  withHosts(async (native) => {
    const before = await listed(native);
    const [good] = FORMS.map((form) => additionOf(form));
    if (good === undefined) return;
    const refused = [
      { ...good, chain: 'missing' },
      { ...good, table: 'missing' },
      { ...good, rule: 'goto missing' },
    ];
    const request = refused.map((bad) => ({ do: 'add' as const, additions: [good, bad] }));
    expect(await ask(native, request)).toEqual(refused.map(() => false));
    expect(await listed(native)).toBe(before);
  }));

test('only rules whose comment begins so are removed, wherever else the text stands', () =>
  withHosts(async (native) => {
    const form = { family: 'inet', rule: 'ip saddr == 10.1.2.3 ip daddr != 10.1.0.0/16 masquerade' } as const;
    const comments = ['abc-def, id: x', 'abc-def, id: y', 'other, id: abc-def', 'abc-de'];
    await ask(native, [{ do: 'add', additions: comments.map((comment) => additionOf(form, comment)) }]);
    const chain = { family: 'inet', table: 't', chain: 'c' } as const;
    expect(await ask(native, [{ do: 'remove', chain, beginning: 'abc-def' }])).toEqual([true]);
    const kept = [...(await listed(native)).matchAll(/comment "([^"]*)"/g)].map(([, comment]) => comment);
    expect(kept).toEqual(['other, id: abc-def', 'abc-de']);
    expect(await ask(native, [{ do: 'remove', chain, beginning: 'abc-def' }])).toEqual([true]);
  }));
