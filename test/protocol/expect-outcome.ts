import { expect } from 'vitest';
import { isSpecVersion } from '../../pkg/types/version.ts';
import type { ProtocolCase } from './protocol-cases.ts';

/** What a call printed on stdout and how it ended. */
export interface Outcome {
  readonly stdout: string;
  readonly exitCode: number | undefined;
}

/** Holds an outcome against what a case expects. */
export function expectOutcome({ stdout, exitCode }: Outcome, expected: ProtocolCase['expected']): void {
  if ('stdout' in expected) {
    expect({ stdout, exitCode }).toEqual({ stdout: expected.stdout, exitCode: 0 });
    return;
  }
  const document = errorDocument({ stdout, exitCode });
  const { code, msg, details } = expected;
  expect(document).toMatchObject({ code, msg: typeof msg === 'string' ? msg : expect.stringMatching(msg) });
  if (details !== undefined) {
    expect(document['details']).toEqual(typeof details === 'string' ? details : expect.stringMatching(details));
  }
}

/** The one error document that a failed call prints; anything else fails the test. */
export function errorDocument({ stdout, exitCode }: Outcome): Record<string, unknown> {
  expect(exitCode, stdout).toBe(1);
  const document = JSON.parse(stdout) as Record<string, unknown>;
  expect(Object.keys(document)).toEqual(
    'details' in document ? ['cniVersion', 'code', 'msg', 'details'] : ['cniVersion', 'code', 'msg'],
  );
  expect(isSpecVersion(String(document['cniVersion']))).toBe(true);
  expect(Number.isInteger(document['code'])).toBe(true);
  expect(document['msg']).toMatch(/./);
  if ('details' in document) expect(document['details']).toMatch(/./s);
  return document;
}

/** Whether a call ended as every call must: success, or one error document. */
export function expectProtocol(outcome: Outcome): void {
  if (outcome.exitCode !== 0) errorDocument(outcome);
  else if (outcome.stdout !== '') JSON.parse(outcome.stdout);
}
