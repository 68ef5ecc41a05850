import { canonicalMac } from '../addr/mac.ts';
import { configError } from '../config/config-error.ts';

/** Where a MAC may be set, and what is there. */
type MacSource = readonly [source: string, text: string | undefined];

/** The first MAC that is set; whoever counts most comes first. One that is none is refused, see {@link readMac}. */
export function firstMac(sources: readonly MacSource[], failing?: string): string | undefined {
  for (const [source, text] of sources) if (text) return readMac(text, source, failing);
  return undefined;
}

/** Reads a MAC, or refuses it in the words of what fails for it. */
export function readMac(text: string, source: string, failing = `invalid args ${text} for MAC addr`): string {
  const mac = canonicalMac(text);
  if (mac !== undefined) return mac;
  const message = `${failing}: address ${text}: invalid MAC address`;
  throw configError(message, source, text, 'a MAC address such as "02:00:5e:10:00:01"');
}

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
