import { expect, test } from 'vitest';
import { restoreLine } from '../../pkg/netfilter/restore.ts';
import { containerAddresses, type Forwarding, familiesIn } from './forwarding.ts';
import { addressIn, mappedRule } from './listed-rule.ts';
import { notesOf } from './notes.ts';
import { chainOf, commentOf, containerRules, entryRules, sharedRules } from './rules-iptables.ts';
import { nftAdditions, nftCommentOf } from './rules-nft.ts';

const KEY = { network: 'bt', containerId: 'x' };
const FORWARDING: Forwarding = {
  mappings: [
    { protocol: 'tcp', hostPort: 8080, containerPort: 80, hostIp: '' },
    { protocol: 'udp', hostPort: 53, containerPort: 53, hostIp: '2001:db8::1' },
  ],
  addresses: ['10.99.0.2/16', 'fd00:99::2/64'],
  snat: true,
  masqAll: false,
  markBit: 13,
  externalSetMarkChain: '',
  conditionsV4: ['!', '-s', '192.0.2.0/24'],
  conditionsV6: [],
};

const LONG_ID =
  'icee6giejonei6sohng6ahngee7laquohquee9shiGo7fohferakah3Feiyoolu2pei7ciPhoh7shaoX6vai3vuf0ahfaeng8yohb9ceu0daez5hashee8ooYai5wa3y';

test.each([
  ['bt', 'x', 'CNI-DN-7c1f184adecff1d6a7b2b'],
  ['testNetName', LONG_ID, 'CNI-DN-bfd599665540dd91d5d28'],
  ['test', LONG_ID, 'CNI-DN-67e92b96e692a494b6b85'],
])('the chain of a container in %s is the reference’s', (network, containerId, chain) => {
  expect(chainOf({ network, containerId })).toBe(chain);
});

test('comments are as long as the programs take', () => {
  expect(commentOf(KEY)).toBe('dnat name: "bt" id: "x"');
  expect(commentOf({ network: 'bt', containerId: 'a'.repeat(300) })).toMatch(/^dnat name: "bt" id: "a{232}\.\.$/);
  expect(nftCommentOf('a'.repeat(128))).toBe('a'.repeat(128));
  const [one, other] = ['b', 'c'].map((end) => nftCommentOf(`${'a'.repeat(200)}${end}`));
  expect(one).toHaveLength(128);
  expect(one).not.toBe(other);
});

test('rules of iptables', () => {
  const [v4, v6] = familiesIn(FORWARDING);
  if (v4 === undefined || v6 === undefined) throw new Error('two families');
  const chain = chainOf(KEY);
  expect(containerRules(KEY, FORWARDING, v4).map(restoreLine)).toEqual([
    `${chain} -p tcp --dport 8080 -s 10.99.0.2/16 -j CNI-HOSTPORT-SETMARK`,
    `${chain} -p tcp --dport 8080 -s 127.0.0.1 -j CNI-HOSTPORT-SETMARK`,
    `${chain} -p tcp --dport 8080 -j DNAT --to-destination 10.99.0.2:80`,
  ]);
  expect(containerRules(KEY, FORWARDING, v6)).toHaveLength(4);
  expect(entryRules(KEY, FORWARDING, v4).map(restoreLine)).toEqual([
    `CNI-HOSTPORT-DNAT -m comment --comment "dnat name: \\"bt\\" id: \\"x\\"" -m multiport -p tcp --destination-ports 8080 ! -s 192.0.2.0/24 -j ${chain}`,
    `CNI-HOSTPORT-DNAT -m comment --comment "dnat name: \\"bt\\" id: \\"x\\"" -m multiport -p udp --destination-ports 53 ! -s 192.0.2.0/24 -j ${chain}`,
  ]);
  expect(sharedRules({ ...FORWARDING, markBit: 31 })[1]?.bare).toContain('--mark 0x80000000/0x80000000');
  expect(sharedRules({ ...FORWARDING, snat: false })).toHaveLength(2);
});

test('rules of nftables', () => {
  expect(familiesIn(FORWARDING).flatMap((own) => nftAdditions('x', FORWARDING, own))).toEqual([
    'add rule ip cni_hostport hostports tcp dport 8080 dnat to 10.99.0.2:80 comment "x"',
    'add rule ip cni_hostport masquerading ip saddr 10.99.0.2 ip daddr 10.99.0.2 masquerade comment "x"',
    'add rule ip cni_hostport masquerading ip saddr 127.0.0.1 ip daddr 10.99.0.2 masquerade comment "x"',
    'add rule ip cni_hostport masquerading ip saddr 10.99.0.0/16 ip daddr 10.99.0.2 ct status dnat masquerade comment "x"',
    'add rule ip6 cni_hostport hostports tcp dport 8080 dnat to [fd00:99::2]:80 comment "x"',
    'add rule ip6 cni_hostport hostports ip6 daddr 2001:db8::1 udp dport 53 dnat to [fd00:99::2]:53 comment "x"',
    'add rule ip6 cni_hostport masquerading ip6 saddr fd00:99::2 ip6 daddr fd00:99::2 masquerade comment "x"',
    'add rule ip6 cni_hostport masquerading ip6 saddr fd00:99::/64 ip6 daddr fd00:99::2 ct status dnat masquerade comment "x"',
  ]);
});

test('what a listed rule says', () => {
  const rule = 'ip6 daddr 2001:db8::1 udp dport 53 dnat to [fd00:99::2]:53';
  expect(mappedRule(rule)).toEqual({ protocol: 'udp', port: 53, hostIp: '2001:db8::1', target: '[fd00:99::2]:53' });
  expect(addressIn(rule)).toBe('fd00:99::2');
  expect(addressIn('tcp dport 8080 dnat ip to 10.99.0.2:80')).toBe('10.99.0.2');
  expect(addressIn('ip saddr 127.0.0.1 ip daddr 10.99.0.2 masquerade')).toBe('10.99.0.2');
  expect(addressIn('ip saddr 10.99.0.0/16 ip daddr 10.99.0.2 ct status dnat masquerade')).toBe('10.99.0.2');
  expect(addressIn('ip daddr 10.99.0.2 ct status dnat masquerade')).toBe('10.99.0.2');
  expect(addressIn('jump hostports')).toBeUndefined();
});

test('the container’s addresses are those of its interface, the first of each family', () => {
  const interfaces = [{ name: 'cni0' }, { name: 'eth0', sandbox: '/n' }, { name: 'eth1', sandbox: '/n' }];
  const ips = [
    { address: '10.0.0.1/16', interface: 0 },
    { address: '10.1.0.2/16', interface: 2 },
    { address: 'fd00::2/64', interface: 9 },
    { address: '10.99.0.2/16', interface: 1 },
    { address: '10.99.0.3/16' },
  ];
  expect(containerAddresses({ interfaces, ips }, 'eth0')).toEqual(['10.99.0.2/16', 'fd00::2/64']);
  expect(containerAddresses({}, 'eth0')).toEqual([]);
});

test('notes are read back, and damaged ones are as none', () => {
  const notes = { backends: ['nftables'], forwarding: FORWARDING };
  expect(notesOf(JSON.parse(JSON.stringify(notes)))).toEqual(notes);
  const mapping = { protocol: 'tcp', hostPort: 70000, containerPort: 80, hostIp: '' };
  for (const damaged of [{}, { forwarding: 1 }, { forwarding: { ...FORWARDING, mappings: [mapping] } }]) {
    expect(notesOf({ backends: ['x'], ...damaged })).toEqual({
      backends: ['iptables', 'nftables'],
      forwarding: undefined,
    });
  }
});
