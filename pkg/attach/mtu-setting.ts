import { configError } from '../config/config-error.ts';

/** What the kernel takes for a pair, a bridge or a tap. */
const LEAST = 68;
const LARGEST = 65_535;

/** Reads an MTU, or refuses one that the kernel would only call invalid; 0 for the kernel's own. */
export function readMtu(mtu = 0): number {
  // As for the reference.
  if (mtu <= 0) return 0;
  if (mtu >= LEAST && mtu <= LARGEST) return mtu;
  throw configError(`invalid MTU ${mtu}`, 'mtu', mtu, `${LEAST} to ${LARGEST}, or 0 for the kernel's`);
}
