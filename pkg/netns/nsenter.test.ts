import { openSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { ProgramError } from '../sys/process/error.ts';
import { NsenterNetns } from './nsenter.ts';

vi.mock('../sys/process/process.ts', () => {
  const missing = (): never => {
    throw new ProgramError('nsenter', 'executable file not found in $PATH');
  };
  return { startProcess: missing, runProcess: missing };
});

test('a missing nsenter says what is needed and why', async () => {
  const netns = new NsenterNetns('/run/netns/blue', openSync('/proc/self/ns/net', 'r'), { dev: 4n, ino: 5n });
  const error = {
    message: expect.stringContaining('cannot enter network namespace "/run/netns/blue": exec: "nsenter"'),
  };
  expect(() => netns.start({ argv: ['ip', 'link'] })).toThrow(expect.objectContaining(error));
  await expect(netns.readFile('/proc/sys/x')).rejects.toMatchObject({ details: expect.stringContaining('util-linux') });
  expect(() => netns.run(() => 1)).toThrow('cannot work inside');
  netns.close();
});
