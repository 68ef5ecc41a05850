import { readTextFile } from '../pkg/sys/files/files.ts';

/** Changing networks, and entering namespaces. */
const NEEDED = (1n << 12n) | (1n << 21n);

/** Whether this process may do what the tool does: root, or whoever has root's capabilities. Without /proc nobody knows. */
export function isAdministrator(): boolean {
  const held = /^CapEff:\s*([\da-f]+)$/m.exec(readTextFile('/proc/self/status') ?? '')?.[1];
  return held === undefined || (BigInt(`0x${held}`) & NEEDED) === NEEDED;
}
