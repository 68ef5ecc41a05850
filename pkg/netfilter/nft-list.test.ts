import { expect, test } from 'vitest';
import { CniError } from '../types/error.ts';
import { parseRules } from './nft-list.ts';

test('rules are found whether they are listed or echoed', () => {
  const rule = { chain: 'c', handle: 4, expr: [{ masquerade: null }] };
  const output = JSON.stringify({ nftables: [{ metainfo: {} }, { rule }, { add: { rule } }, { add: { chain: {} } }] });
  expect(parseRules(output)).toEqual([rule, rule]);
});

test.each(['', 'null', '[]', '{}', '{"nftables":null}', '{"nftables":{}}', '{"nftables":[{"rule":'])(
  '%j is no listing, not one without rules',
  (output) => {
    expect(() => parseRules(output)).toThrow(CniError);
  },
);

test.each([
  null,
  7,
  [],
  {},
  { rule: null },
  { add: null },
  { rule: { chain: 'c', handle: 4 } },
  { rule: { expr: [] } },
])('%j in a listing is no rule', (entry) => {
  expect(parseRules(JSON.stringify({ nftables: [entry] }))).toEqual([]);
});

test('an expression that is none makes no rule', () => {
  expect(parseRules('{"nftables":[{"rule":{"chain":"c","handle":4,"expr":[null]}}]}')).toEqual([]);
});
