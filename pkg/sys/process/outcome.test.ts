import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { collect } from './outcome.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a child that the kernel does not let go of keeps nobody', async () => {
  const kill = vi.fn();
  const never = new Promise<never>(() => {});
  const outcome = collect({ exited: never, read: () => never, kill, letGo: () => {} }, 1000, 1000);
  await vi.advanceTimersByTimeAsync(4000);
  expect(kill).toHaveBeenCalledOnce();
  expect(await outcome).toEqual({ status: undefined, signal: 'SIGKILL', timedOut: true, stdout: '', stderr: '' });
  expect(vi.getTimerCount()).toBe(0);
});

test('its time begins when it has its input', async () => {
  const kill = vi.fn();
  const input = new Promise((resolve) => setTimeout(resolve, 60_000));
  const exited = new Promise<{ status: number; signal: undefined }>((resolve) => {
    setTimeout(() => resolve({ status: 0, signal: undefined }), 60_500);
  });
  const outcome = collect({ exited, read: async () => {}, kill, letGo: () => {} }, 1000, 1000, input);
  await vi.advanceTimersByTimeAsync(62_000);
  expect(await outcome).toMatchObject({ status: 0, timedOut: false });
  expect(kill).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

test('input that comes when all is over sets no time', async () => {
  const exited = Promise.resolve({ status: 1, signal: undefined });
  const input = new Promise((resolve) => setTimeout(resolve, 10));
  await collect({ exited, read: async () => {}, kill: () => {}, letGo: () => {} }, 1000, 1000, input);
  await vi.advanceTimersByTimeAsync(20);
  expect(vi.getTimerCount()).toBe(0);
});
