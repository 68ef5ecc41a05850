import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { expectOutcome } from '../protocol/expect-outcome.ts';
import { PROTOCOL_CASES } from '../protocol/protocol-cases.ts';
import { BIN } from './support.ts';

async function callExecutable(environment: Readonly<Record<string, string>>, stdin: string) {
  const options = {
    extendEnv: false,
    env: environment,
    input: stdin,
    reject: false,
    stripFinalNewline: false,
  } as const;
  return execa(join(BIN, 'loopback'), [], options);
}

describe('protocol, through the executable', () => {
  test.each(PROTOCOL_CASES)('$name', async ({ environment, stdin, expected }) => {
    const { stdout, exitCode } = await callExecutable(environment, stdin);
    expectOutcome({ stdout, exitCode }, expected);
  });
});

describe('a person', () => {
  test.each([{}, { CNI_COMMAND: '' }])('calls it with %j and is told who it is', async (environment) => {
    const { stdout, stderr, exitCode } = await callExecutable(environment, '');
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 0 });
    expect(stderr).toMatch(
      /^CNI loopback plugin v\S+ \(commit \S+\)\nCNI protocol versions supported: 0\.1\.0, 0\.2\.0, 0\.3\.0, 0\.3\.1, 0\.4\.0, 1\.0\.0, 1\.1\.0\n$/,
    );
  });
});
