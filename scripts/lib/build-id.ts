import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

/** The note's head and the place for its content, as runtime/host/program.S has them. */
const HEAD = '\x07\0\0\0\x28\0\0\0\x01\0\0\0cni-ts\0\0';
const DIGITS = 40;
/** Where runtime/host/build.c looks for it. */
const FIRST_PAGE_BYTES = 4096;

/** Writes the checksum of an executable into its note, so that each file of a build is known by its first page. */
export function writeBuildId(executable: string): void {
  const bytes = readFileSync(executable);
  const at = bytes.indexOf(HEAD + '0'.repeat(DIGITS), 0, 'latin1') + HEAD.length;
  if (at < HEAD.length || at + DIGITS > FIRST_PAGE_BYTES) {
    throw new Error(`the linker has put no note of the build into the first page of ${executable}`);
  }
  bytes.write(createHash('sha256').update(bytes).digest('hex').slice(0, DIGITS), at, 'latin1');
  writeFileSync(executable, bytes);
}
