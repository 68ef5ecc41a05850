import { test } from 'vitest';
import { expectSame } from '../bridge/compare.ts';
import { CASES } from './cases.ts';

/** The host's end has its own address at once. The reference waits two seconds for its IPv6 addresses; by then the kernel has made its own, which ours has a little later. */
const differs = [/accept_dad = [01]$/, /address \S+ <link-local>/, /route-6 .*"dst":"fe80::\/64"/];

for (const one of CASES) {
  test(`both suites do the same: ${one.title}`, () => expectSame({ ...one, differs }, 'ptp'));
}
