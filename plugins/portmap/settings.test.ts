import { expect, test } from 'vitest';
import { CniError } from '../../pkg/types/error.ts';
import { mappingsOf } from './mapping.ts';
import type { PortmapConf } from './schema.ts';
import { settingsOf } from './settings.ts';

const errorOf = (work: () => unknown): CniError => {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof CniError) return thrown;
  }
  throw new Error('nothing was refused');
};

test('what holds when nothing is said', () => {
  expect(settingsOf({}, '')).toEqual({
    backend: undefined,
    snat: true,
    masqAll: false,
    markBit: 13,
    externalSetMarkChain: '',
    conditionsV4: [],
    conditionsV6: [],
    allowsConflicts: false,
  });
});

test.each<[PortmapConf, string | undefined]>([
  [{ backend: 'nftables' }, 'nftables'],
  [{ conditionsV4: ['!', '-s', '10.0.0.0/8'] }, 'iptables'],
  [{ conditionsV6: ['ip6', 'saddr', 'fd00::/8'] }, 'nftables'],
  [{ externalSetMarkChain: 'KUBE-MARK-MASQ' }, 'iptables'],
  [{ backend: '', externalSetMarkChain: '' }, undefined],
])('the backend that %j means', (conf, backend) => {
  expect(settingsOf(conf, '').backend).toBe(backend);
});

test.each<[PortmapConf, string]>([
  [{ backend: 'ipset' }, 'unrecognized backend "ipset"'],
  [{ markMasqBit: 32 }, 'MasqMarkBit must be between 0 and 31'],
  [{ markMasqBit: 1, externalSetMarkChain: 'X' }, 'Cannot specify externalSetMarkChain and markMasqBit'],
  [
    { backend: 'nftables', externalSetMarkChain: 'X', conditionsV4: ['-s', '10.0.0.0/8'] },
    'nftables backend was requested but configuration contains iptables-specific options ' +
      '[externalSetMarkChain conditionsV4]',
  ],
  [
    { backend: 'iptables', conditionsV4: ['ip'] },
    'iptables backend was requested but configuration contains nftables-specific options [conditionsV4]',
  ],
  [{ conflicts: 'maybe' }, 'unknown value of "conflicts"'],
  [{ conditionsV4: ['ip', 'saddr', '10.0.0.1\nflush ruleset'] }, 'invalid condition "10.0.0.1\\nflush ruleset"'],
  [{ conditionsV4: ['tcp; flush ruleset'] }, 'invalid condition "tcp; flush ruleset"'],
])('%j is refused', (conf, message) => {
  const { code, message: said } = errorOf(() => settingsOf(conf, 'failed to parse config: '));
  expect([code, said]).toEqual([7, `failed to parse config: ${message}`]);
});

const mapped = (mapping: object): PortmapConf => ({
  runtimeConfig: { portMappings: [{ hostPort: 80, containerPort: 80, protocol: 'tcp', ...mapping }] },
});

test('mappings, canonical', () => {
  const [mapping] = mappingsOf(mapped({ protocol: 'UDP', hostIP: '2001:DB8:0::1' }), '');
  expect(mapping).toEqual({ protocol: 'udp', hostPort: 80, containerPort: 80, hostIp: '2001:db8::1' });
  expect(mappingsOf({}, '')).toEqual([]);
});

test.each([
  [{ hostPort: 0 }, 'Invalid host port number: 0'],
  [{ hostPort: 65536 }, 'Invalid host port number: 65536'],
  [{ containerPort: -1 }, 'Invalid container port number: -1'],
  [{ protocol: 'icmp' }, 'unknown protocol "icmp"'],
  [{ protocol: 'tcp dport 1 accept;' }, 'unknown protocol "tcp dport 1 accept;"'],
  [{ hostIP: '10.0.0' }, 'invalid IP address: 10.0.0'],
])('the mapping %j is refused', (mapping, message) => {
  const error = errorOf(() => mappingsOf(mapped(mapping), ''));
  expect([error.code, error.message]).toEqual([7, message]);
  expect(error.details).toContain('runtimeConfig.portMappings[0].');
});
