import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { engineFor, nativeArch } from '../../scripts/lib/engine.ts';

/** What a function refers to outside of itself, from its section in an object file. */
function callsOf(object: string, name: string): readonly string[] {
  const listed = execFileSync('objdump', ['--disassemble', '--reloc', `--section=.text.${name}`, object], {
    encoding: 'utf8',
  });
  expect(listed).toContain(`<${name}>:`);
  return [...listed.matchAll(/ R_\S+\s+([\w.]+)/g)].map(([, symbol = '']) => symbol);
}

// A function of the C library that fails sets errno, and that is the one of whoever shares the memory.
test.each([
  ['child', 'run_child'],
  ['thread', 'run_thread'],
])('what runs beside the program calls nothing of the C library: %s', async (file, name) => {
  const { folder } = await engineFor(nativeArch());
  expect(callsOf(join(folder, `${file}.o`), name).filter((symbol) => symbol !== '__stack_chk_fail')).toEqual([]);
});
