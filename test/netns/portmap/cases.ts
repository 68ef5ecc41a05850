import { type Mapping, tcp, udp } from './support.ts';

/** A configuration that both suites are given. */
export interface Case {
  readonly title: string;
  readonly conf?: object;
  readonly mappings: readonly Mapping[];
  readonly addresses?: readonly string[];
  readonly cniVersion?: string;
  readonly containerId?: string;
  /** Runs on the host before. */
  readonly prepare?: readonly string[];
}

const DUAL = ['10.99.0.2/16', 'fd00:99::2/64'];
const MANY = Array.from({ length: 33 }, (_, index) => tcp(9000 + index, 100 + index));
const MIXED = [tcp(8080, 80), udp(5353, 53), { ...tcp(3868, 3868), protocol: 'sctp' }, tcp(8443, 443)];

/** Those that mean the same for both backends. */
const COMMON: readonly Case[] = [
  { title: 'one port', mappings: [tcp(8080, 80)] },
  { title: 'udp', mappings: [udp(5353, 53)] },
  { title: 'sctp', mappings: [{ ...tcp(3868, 3868), protocol: 'sctp' }] },
  { title: 'several protocols', mappings: MIXED },
  { title: 'the same port in two protocols', mappings: [tcp(53, 53), udp(53, 53)] },
  { title: 'more ports than one rule takes', mappings: MANY },
  { title: 'two host ports for one of the container', mappings: [tcp(8080, 80), tcp(8081, 80)] },
  { title: 'both families', mappings: [tcp(8080, 80), udp(5353, 53)], addresses: DUAL },
  { title: 'IPv6 alone', mappings: [tcp(8080, 80)], addresses: ['fd00:99::2/64'] },
  {
    title: 'addresses in the other order, and more than one',
    mappings: MIXED,
    addresses: [...DUAL].reverse().concat('10.99.0.3/16'),
  },
  { title: 'a host address', mappings: [tcp(8080, 80, '192.0.2.1')] },
  { title: 'a host address of IPv6', mappings: [tcp(8080, 80, '2001:db8::1')], addresses: DUAL },
  {
    title: 'host addresses of both families',
    mappings: [tcp(80, 80, '192.0.2.1'), tcp(80, 80, '2001:db8::1')],
    addresses: DUAL,
  },
  { title: 'a host address of a family that the container has not', mappings: [tcp(8080, 80, '2001:db8::1')] },
  { title: 'unspecified host addresses', mappings: [tcp(8080, 80, '0.0.0.0'), tcp(8081, 81, '::')], addresses: DUAL },
  { title: 'snat off', conf: { snat: false }, mappings: MIXED, addresses: DUAL },
  { title: 'masqAll', conf: { masqAll: true }, mappings: [tcp(8080, 80), udp(53, 53)], addresses: DUAL },
  { title: 'no mappings', mappings: [] },
  { title: 'version 0.3.1', mappings: [tcp(8080, 80)], cniVersion: '0.3.1' },
  { title: 'version 0.4.0', mappings: [tcp(8080, 80)], cniVersion: '0.4.0' },
];

const IPTABLES: readonly Case[] = [
  { title: 'markMasqBit', conf: { markMasqBit: 5 }, mappings: [tcp(8080, 80)], addresses: DUAL },
  { title: 'the highest markMasqBit', conf: { markMasqBit: 31 }, mappings: [tcp(8080, 80)] },
  {
    title: 'externalSetMarkChain',
    conf: { externalSetMarkChain: 'KUBE-MARK-MASQ' },
    mappings: [tcp(8080, 80)],
    prepare: ['iptables -t nat -N KUBE-MARK-MASQ'],
  },
  { title: 'conditionsV4', conf: { conditionsV4: ['!', '-s', '192.0.2.0/24', '-i', 'eth0'] }, mappings: MIXED },
  {
    title: 'conditions of both families',
    conf: { conditionsV4: ['-s', '192.0.2.0/24'], conditionsV6: ['-s', '2001:db8::/64'] },
    mappings: MIXED,
    addresses: DUAL,
  },
  { title: 'masqAll with a host address', conf: { masqAll: true }, mappings: [tcp(8080, 80, '192.0.2.1')] },
  { title: 'a container id of 250 characters', mappings: [tcp(8080, 80)], containerId: 'a'.repeat(250) },
];

const NFTABLES: readonly Case[] = [
  { title: 'conditionsV4', conf: { conditionsV4: ['ip', 'saddr', '192.0.2.0/24'] }, mappings: MIXED },
  {
    title: 'conditions of both families',
    conf: { conditionsV4: ['ip', 'saddr', '!=', '192.0.2.0/24'], conditionsV6: ['iifname', 'eth0'] },
    mappings: MIXED,
    addresses: DUAL,
  },
  { title: 'a container id of 128 characters', mappings: [tcp(8080, 80)], containerId: 'a'.repeat(128) },
];

/** All cases, each with its backend. */
export const CASES: readonly (Case & { readonly backend: string })[] = [
  ...COMMON.flatMap((one) => [
    { ...one, backend: 'iptables' },
    { ...one, backend: 'nftables' },
  ]),
  ...IPTABLES.map((one) => ({ ...one, backend: 'iptables' })),
  ...NFTABLES.map((one) => ({ ...one, backend: 'nftables' })),
  { title: 'whatever works', mappings: [tcp(8080, 80)], backend: '' },
];
