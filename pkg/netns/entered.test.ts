import { closeSync, openSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { EnteredNetns } from './entered.ts';
import { NetnsError } from './error.ts';

/** Where the thread is, as far as the stand-in for the C library knows: the descriptor it went to last. */
const moves: number[] = [];
let refuse: (fd: number) => boolean = () => false;

vi.mock('../sys/libc.ts', async (original) => ({
  ...(await original<typeof import('../sys/libc.ts')>()),
  CLONE_NEWNET: 0x40000000,
  libc: () => ({
    setns(fd: number) {
      if (refuse(fd)) throw new Error('setns: invalid argument');
      moves.push(fd);
    },
    open: (path: string) => openSync(path, 'r'),
    close: (descriptor: number) => closeSync(descriptor),
  }),
}));

let netns: EnteredNetns;
let fd: number;
beforeEach(() => {
  moves.length = 0;
  refuse = () => false;
  fd = openSync('/proc/self/ns/net', 'r');
  netns = new EnteredNetns('/run/netns/blue', fd, { dev: 4n, ino: 5n });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  netns.close();
});

test('goes in, works, comes back', () => {
  const result = netns.run(() => {
    expect(moves).toEqual([fd]);
    return 'done';
  });
  expect(result).toBe('done');
  expect(moves).toHaveLength(2);
  expect(moves[1]).not.toBe(fd);
});

test('comes back when the work fails', () => {
  expect(() =>
    netns.run(() => {
      throw new Error('inside');
    }),
  ).toThrow('inside');
  expect(moves).toHaveLength(2);
});

test('does not work outside when it cannot get in', () => {
  refuse = () => true;
  const work = vi.fn();
  expect(() => netns.run(work)).toThrow(NetnsError);
  expect(work).not.toHaveBeenCalled();
});

test('ends the process when it cannot come back', () => {
  refuse = (target) => target !== fd;
  const exit = vi.spyOn(process, 'exit').mockImplementation((status) => {
    throw new Error(`exit ${status}`);
  });
  const fs = process.getBuiltinModule('node:fs');
  const write = vi.spyOn(fs, 'writeSync').mockImplementation(() => 0);
  expect(() => netns.run(() => 1)).toThrow('exit 1');
  expect(exit).toHaveBeenCalledOnce();
  expect(write.mock.calls[0]?.[1]).toContain('cannot come back from a network namespace');
  // Nobody is waiting for a document.
  expect(write).toHaveBeenCalledOnce();
});

test('tells a runtime that it cannot come back', () => {
  refuse = (target) => target !== fd;
  vi.spyOn(process, 'exit').mockImplementation((status) => {
    throw new Error(`exit ${status}`);
  });
  vi.stubEnv('CNI_COMMAND', 'ADD');
  const write = vi.spyOn(process.getBuiltinModule('node:fs'), 'writeSync').mockImplementation(() => 0);
  expect(() => netns.run(() => 1)).toThrow('exit 1');
  const [, document] = write.mock.calls;
  expect(document?.[0]).toBe(1);
  expect(JSON.parse(String(document?.[1]))).toMatchObject({ code: 999, details: expect.stringContaining('DEL') });
});

test('tries the way back more than once', () => {
  let refusals = 0;
  refuse = (target) => target !== fd && ++refusals < 3;
  expect(netns.run(() => 'done')).toBe('done');
  expect(moves).toHaveLength(2);
});
