import { describe, expect, test } from 'vitest';
import { attachmentPrefix, chainName, iptablesComment, networkPrefix, nftComment } from './names.ts';
import { spoofNames } from './spoof-check.ts';

describe('names that both suites find each other by', () => {
  test('iptables chains', () => {
    expect(chainName('test', '1234')).toBe('CNI-2bbe0c48b91a7d1b8a6753a8');
    expect(chainName('bt', 'x')).toBe('CNI-7c1f184adecff1d6a7b2bf03');
  });

  test('iptables comments', () => {
    expect(iptablesComment('bt', 'x')).toBe('name: "bt" id: "x"');
  });

  test('an iptables comment is as long as iptables keeps it', () => {
    const comment = iptablesComment('n'.repeat(150), 'c'.repeat(150));
    expect(comment).toHaveLength(255);
    expect(comment.startsWith(`name: "${'n'.repeat(150)}" id: "ccc`)).toBe(true);
  });

  test('nft comments', () => {
    expect(networkPrefix('unit-test')).toBe('6fd94d501e58f0aa-');
    const key = { network: 'bt', containerId: 'x', ifName: 'eth0' };
    expect(attachmentPrefix(key)).toBe('0b307a2eca21778e-a72a88a8c95bdab7');
    expect(nftComment(key)).toBe('0b307a2eca21778e-a72a88a8c95bdab7, net: bt, if: eth0, id: x');
  });

  test('an nft comment has no double quotes, which nft could not read', () => {
    const key = { network: 'bt', containerId: 'x', ifName: 'a"; flush ruleset; "' };
    expect(nftComment(key).slice(33)).toBe(', net: bt, if: a; flush ruleset; , id: x');
  });

  test('an nft comment ends before the byte that nft refuses, with a whole character', () => {
    const key = { network: 'n', containerId: 'c'.repeat(64), ifName: 'eth0' };
    expect(nftComment(key)).toHaveLength(121);
    const odd = nftComment({ ...key, network: 'n'.repeat(59), ifName: 'ééééééé', containerId: 'abc' });
    const cut = nftComment({ ...key, network: 'n'.repeat(69), ifName: 'ééééééé' });
    expect(odd.endsWith('if: ééééééé, id: abc')).toBe(true);
    expect(new TextEncoder().encode(cut)).toHaveLength(127);
    expect(cut.endsWith('if: éééééé')).toBe(true);
  });

  test('spoof checks', () => {
    expect(spoofNames({ containerId: 'x', ifName: 'eth0' })).toEqual({
      link: 'cni-br-iface-x-eth0',
      mac: 'cni-br-iface-x-eth0-mac',
      comment: 'macspoofchk-x-eth0',
    });
  });
});
