/** This program's own file; it can be read also when its name is gone or leads to another. */
const OWN = '/proc/self/exe';

let own: string | undefined;

/**
 * Whether a file is of the very build that runs, whatever name and inode it has. A checksum in its first page and its
 * size are looked at, not all of its bytes: this is for the way of an ordinary call and takes microseconds.
 */
export function isSameBuild(file: string): boolean {
  own ??= buildOf(OWN);
  return own !== undefined && buildOf(file) === own;
}

/** Whether a file is an executable of this suite, of any release. */
export function isOfSuite(file: string): boolean {
  return buildOf(file) !== undefined;
}

/** One that cannot be read is of no build: it may still be run, and then says itself what is wrong. */
function buildOf(file: string): string | undefined {
  return typeof Native === 'undefined' ? undefined : Native.buildOf(file);
}
