import { expect, test } from 'vitest';
import { ownNetns } from '../netns/own.ts';
import { CniError } from '../types/error.ts';
import { masqueradeBackend } from './backend-name.ts';
import { addMasquerade, removeMasquerade } from './masquerade.ts';
import { parseRules } from './nft-list.ts';
import { addSpoofCheck, removeSpoofCheck } from './spoof-check.ts';

const masquerade = { network: 'bt', containerId: 'x', ifName: 'eth0', addresses: ['10.99.0.3/16', 'fd00::3/64'] };
const CHAIN = 'CNI-7c1f184adecff1d6a7b2bf03';
const COMMENT = `-m comment --comment 'name: "bt" id: "x"'`;

test('the backend of a configuration', () => {
  expect(masqueradeBackend(undefined)).toBeUndefined();
  expect(masqueradeBackend('')).toBeUndefined();
  expect(masqueradeBackend('nftables')).toBe('nftables');
  const thrown = (() => {
    try {
      return masqueradeBackend('foo');
    } catch (error) {
      return error;
    }
  })();
  expect(thrown).toBeInstanceOf(CniError);
  expect(thrown).toMatchObject({ code: 7, message: 'unknown ipmasq backend "foo"' });
  expect((thrown as CniError).details).toContain('expected "iptables", "nftables"');
});

test('what a person types to add it with iptables', () => {
  expect(addMasquerade(masquerade, undefined).print(ownNetns())).toEqual([
    `iptables -t nat -N ${CHAIN}`,
    `iptables -t nat -A ${CHAIN} -d 10.99.0.3/16 -j ACCEPT ${COMMENT}`,
    `iptables -t nat -A ${CHAIN} '!' -d 224.0.0.0/4 -j MASQUERADE ${COMMENT}`,
    `iptables -t nat -A POSTROUTING -s 10.99.0.3 -j ${CHAIN} ${COMMENT}`,
    `ip6tables -t nat -N ${CHAIN}`,
    `ip6tables -t nat -A ${CHAIN} -d fd00::3/64 -j ACCEPT ${COMMENT}`,
    `ip6tables -t nat -A ${CHAIN} '!' -d ff00::/8 -j MASQUERADE ${COMMENT}`,
    `ip6tables -t nat -A POSTROUTING -s fd00::3 -j ${CHAIN} ${COMMENT}`,
  ]);
});

test('what a person types to add it with nft', () => {
  const lines = addMasquerade(masquerade, 'nftables').print(ownNetns());
  const comment = '0b307a2eca21778e-a72a88a8c95bdab7, net: bt, if: eth0, id: x';
  const rule = "nft 'add rule inet cni_plugins_masquerade masq_checks";
  expect(lines.slice(-2)).toEqual([
    `${rule} ip saddr == 10.99.0.3 ip daddr != 10.99.0.0/16 masquerade comment "${comment}"'`,
    `${rule} ip6 saddr == fd00::3 ip6 daddr != fd00::/64 masquerade comment "${comment}"'`,
  ]);
  expect(lines).toHaveLength(9);
});

test('what a person types to remove it, also without the addresses', () => {
  const known = removeMasquerade({ ...masquerade, addresses: ['10.99.0.3/16'] }, ['iptables']).print(ownNetns());
  expect(known).toEqual([
    `iptables -t nat -D POSTROUTING -s 10.99.0.3 -j ${CHAIN} ${COMMENT}`,
    `iptables -t nat -F ${CHAIN}`,
    `iptables -t nat -X ${CHAIN}`,
  ]);
  const { addresses: _, ...key } = masquerade;
  expect(removeMasquerade(key, ['iptables', 'nftables']).print(ownNetns())).toHaveLength(3);
});

test('the handle of a spoof check is found in the echo', () => {
  const echo = `{"nftables": [{"add": {"table": {"family": "bridge", "name": "nat", "handle": 1}}}, {"add": {"rule":
    {"family": "bridge", "table": "nat", "chain": "PREROUTING", "expr": [{"match": {"op": "==", "left": {"meta": {"key":
    "iifname"}}, "right": "vethX"}}, {"jump": {"target": "cni-br-iface-x-eth0"}}], "comment": "c", "handle": 4}}}]}`;
  expect(parseRules(echo)).toMatchObject([{ chain: 'PREROUTING', handle: 4 }]);
});

test('what a person types for a spoof check', () => {
  const check = { containerId: 'x', ifName: 'eth0', hostLink: 'veth0', mac: '02:00:00:00:00:01' };
  expect(addSpoofCheck(check).print(ownNetns())[0]).toMatch(/^nft -j '\{"nftables":\[\{"add":/);
  expect(removeSpoofCheck(check, 4).print(ownNetns())[0]).toContain('"chain":"PREROUTING","handle":4');
  expect(removeSpoofCheck(check).print(ownNetns())).toHaveLength(2);
});
