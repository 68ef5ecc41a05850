import { findSection } from './elf.ts';
import type { Arch } from './runtime.ts';

/** Any byte, in a pattern of code. */
const ANY = -1;

/**
 * `useWarmUpMarkedBlocks = true; warmUpMarkedBlockCount = 32; warmUpMarkedBlockStartAfterBlocks = 64;`, where the engine
 * gives its options their defaults: a byte stored at an address, then two numbers stored as one.
 */
const WARM_UP: readonly number[] = [
  ...[0xc6, 0x05, ANY, ANY, ANY, ANY, 1],
  ...[0x48, 0xb8, 32, 0, 0, 0, 64, 0, 0, 0],
  ...[0x48, 0x89, 0x05],
];
/** Where in it the first default stands. */
const WARM_UP_VALUE = 6;

/**
 * Changes a default of the JavaScript engine for which the runtime has no switch at build time, in place; gives whether
 * it did. A thread that touches memory before it is needed helps a program that runs on; one that is over after a few
 * milliseconds waits for it.
 *
 * @throws when the runtime is not as expected
 */
export function tune(runtime: Buffer, arch: Arch): boolean {
  if (arch !== 'amd64') return false;
  const code = findSection(runtime, '.text');
  const [place, second] = findAll(code, WARM_UP);
  if (place === undefined || second !== undefined) {
    throw new Error('useWarmUpMarkedBlocks is not set where it was expected: has the runtime changed?');
  }
  code[place + WARM_UP_VALUE] = 0;
  return true;
}

function findAll(code: Buffer, pattern: readonly number[]): readonly number[] {
  // Its fixed part is looked for fast, the rest compared where that is found.
  const fixed = pattern.lastIndexOf(ANY) + 1;
  const needle = Buffer.from(pattern.slice(fixed));
  const found: number[] = [];
  for (let at = code.indexOf(needle); at >= 0; at = code.indexOf(needle, at + 1)) {
    const start = at - fixed;
    if (start >= 0 && pattern.every((byte, index) => byte === ANY || code[start + index] === byte)) found.push(start);
  }
  return found;
}
