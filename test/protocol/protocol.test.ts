import { describe, expect, test } from 'vitest';
import { expectOutcome } from './expect-outcome.ts';
import { callInProcess } from './in-process.ts';
import { PROTOCOL_CASES } from './protocol-cases.ts';

describe('protocol, in process', () => {
  test('there are enough cases, and no two of one name', () => {
    expect(PROTOCOL_CASES.length).toBeGreaterThanOrEqual(300);
    expect(new Set(PROTOCOL_CASES.map(({ name }) => name)).size).toBe(PROTOCOL_CASES.length);
  });

  test.each(PROTOCOL_CASES)('$name', async ({ environment, stdin, expected }) => {
    expectOutcome(await callInProcess(environment, stdin), expected);
  });
});
