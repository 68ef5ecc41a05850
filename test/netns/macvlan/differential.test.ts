import { test } from 'vitest';
import { expectSame } from '../bridge/compare.ts';
import { CASES } from './cases.ts';
import { plugLan } from './support.ts';

/** Addresses that the kernel makes itself come when they like. */
const differs = [/address \S+ <link-local>/, /route-6 .*"dst":"fe80::\/64"/];

for (const one of CASES) {
  const conf = { master: 'lan0', ...one.conf };
  test(`both suites do the same: ${one.title}`, () =>
    expectSame({ prepare: plugLan, ...one, conf, differs }, 'macvlan'));
}
