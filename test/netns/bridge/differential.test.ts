import { test } from 'vitest';
import { CASES } from './cases.ts';
import { expectSame } from './compare.ts';

for (const one of CASES) test(`both suites do the same: ${one.title}`, () => expectSame(one));
