import { expect, test } from 'vitest';
import { bridgeFilter, tracking } from './kernel.ts';

// Which modules a kernel has, and how many flows it follows, cannot be changed for one namespace.
test.each<[string | undefined, string | undefined]>([
  ['1\n', undefined],
  ['0\n', 'net.bridge.bridge-nf-call-iptables is 0'],
  [undefined, 'the module br_netfilter is not loaded'],
])('a filter of bridges that says %j', (value, found) => {
  expect(bridgeFilter(value)[0]?.found).toBe(found);
});

test.each<[number, number, string | undefined]>([
  [0, 0, undefined],
  [899, 1000, undefined],
  [900, 1000, 'warning'],
  [1000, 1000, 'error'],
])('%i of %i flows', (count, max, severity) => {
  expect(tracking(count, max)[0]?.severity).toBe(severity);
});
