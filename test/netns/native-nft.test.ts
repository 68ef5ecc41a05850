import { expect, test } from 'vitest';
import type { NativeChain } from '../../pkg/netfilter/native-message.ts';
import type { NftAddition, NftElement } from '../../pkg/netfilter/native-nft.ts';
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
  { family: 'inet', rule: 'jump other' },
  { family: 'inet', rule: 'iifname . oifname @pairs drop' },
  { family: 'inet', rule: 'iifname @links oifname @links drop' },
  { family: 'inet', rule: 'iifname != "eth0" accept' },
  { family: 'inet', rule: 'ip daddr @four ct state established,related accept' },
  { family: 'inet', rule: 'ip6 daddr @six ct state established,related accept' },
  { family: 'inet', rule: 'ip saddr @four accept' },
  { family: 'inet', rule: 'ip6 saddr @six accept' },
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
  'ip daddr != @four accept',
  'iifname != @links accept',
  'iifname "eth*" accept',
  'iifname != "eth*" accept',
  'iifname . iifname @pairs accept',
  'ct state established accept',
];

/** Elements of every form that plugins use. */
const ELEMENTS: readonly NftElement[] = [
  elementOf('four', '10.99.0.2'),
  elementOf('four', '10.99.0.3'),
  elementOf('six', 'fd00:99::2'),
  elementOf('links', '"br0"'),
  elementOf('links', '"a-name-of-15-by"'),
  elementOf('pairs', '"br0" . "br0"'),
  elementOf('pairs', '"br0" . "ü"'),
];

/** Elements that are for nft itself, or for nobody. */
const NO_ELEMENTS: readonly NftElement[] = [
  elementOf('four', '10.99.0.2-10.99.0.9'),
  elementOf('four', '10.99.0.2, 10.99.0.3'),
  elementOf('four', 'fd00::2'),
  elementOf('six', '10.99.0.2'),
  elementOf('six', '::ffff:10.99.0.2'),
  elementOf('links', '"br*"'),
  elementOf('links', '"a-name-of-16-byt"'),
  elementOf('links', '"br0" . "br0"'),
  elementOf('pairs', '"br0"'),
  elementOf('missing', '"br0"'),
];

function elementOf(set: string, element: string): NftElement {
  return { family: 'inet', table: 't', set, element };
}

function byNft(verb: 'add' | 'delete', elements: readonly NftElement[]): string[] {
  return elements.map(({ set, element }) => `${verb} element inet t ${set} { ${element} }`);
}

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

/** The kernel lists what is in a set in an order of its own each time. */
function sorted(listing: string): readonly string[] {
  return listing.split('\n').toSorted();
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
      await byProgram(host, [
        'add set inet t four { type ipv4_addr ; }',
        'add set inet t six { type ipv6_addr ; }',
        'add set inet t links { type ifname ; }',
        'add set inet t pairs { type ifname . ifname ; }',
      ]);
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

test('what one puts into sets is to the byte what the other would have, and each takes out what the other put', () =>
  withHosts(async (native, program) => {
    const empty = await listed(native);
    expect(await ask(native, [{ do: 'are in', elements: ELEMENTS }])).toEqual([false]);
    // What is there already stays.
    const [first, ...others] = ELEMENTS;
    if (first === undefined) return;
    for (const elements of [[first], ELEMENTS]) {
      expect(await ask(native, [{ do: 'put', elements }])).toEqual([true]);
      await byProgram(program, byNft('add', elements));
    }
    const full = sorted(await listed(native));
    expect(full).toEqual(sorted(await listed(program)));
    expect(full).not.toEqual(sorted(empty));
    for (const host of [native, program]) {
      expect(await ask(host, [{ do: 'are in', elements: ELEMENTS }])).toEqual([true]);
    }
    await byProgram(native, byNft('delete', ELEMENTS));
    await byProgram(program, byNft('delete', [first]));
    expect(await ask(program, [{ do: 'are in', elements: [...others, first] }])).toEqual([false]);
    // What is not there any more is fine.
    for (let times = 0; times < 2; times++) {
      expect(await ask(program, [{ do: 'take out', elements: ELEMENTS }])).toEqual([true]);
    }
    for (const host of [native, program]) expect(await listed(host)).toBe(empty);
  }));

test('elements that it does not know, or the kernel refuses, change nothing', () =>
  withHosts(async (native) => {
    const [first, second] = ELEMENTS;
    if (first === undefined || second === undefined) return;
    await byProgram(native, byNft('add', [first]));
    const before = await listed(native);
    for (const verb of ['put', 'take out', 'are in'] as const) {
      const request = NO_ELEMENTS.map((bad) => ({ do: verb, elements: [first, second, bad] }));
      expect(await ask(native, request), verb).toEqual(NO_ELEMENTS.map(() => false));
    }
    expect(await listed(native)).toBe(before);
  }));
