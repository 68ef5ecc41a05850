import { configError } from '../../pkg/config/config-error.ts';

/** A control character; a tab is none. */
const CONTROL = /[^\t -~\u0080-\uffff]/;

/** A setting of the container's network, checked. */
export interface Sysctl {
  /** As it is written in the configuration. */
  readonly key: string;
  readonly value: string;
  /** Its file, below /proc/sys/net/. */
  readonly path: string;
}

/** Nothing outside is the container's own. */
const ROOT = '/proc/sys/net/';

/**
 * The setting that a key names: dots are slashes, and the first `IFNAME` is the interface, whose own dots stay.
 *
 * @throws {CniError} code 7, for what is not below `net.`
 */
export function sysctlOf(key: string, value: string, ifName: string): Sysctl {
  const name = key.replaceAll('.', '/').replace('IFNAME', () => ifName);
  const parts: string[] = [];
  let isPlain = !CONTROL.test(name);
  for (const part of name.split('/')) {
    // The kernel skips empty parts, so they are no danger; only an interface's name can bring dots back.
    if (part === '.' || part === '..') isPlain = false;
    else if (part !== '') parts.push(part);
  }
  const path = `/proc/sys/${parts.join('/')}`;
  if (!isPlain || !path.startsWith(ROOT)) {
    const expected = 'a setting below net. such as "net.ipv4.conf.IFNAME.arp_notify"';
    throw configError(`invalid net sysctl key: ${JSON.stringify(name)}`, `sysctl["${key}"]`, key, expected);
  }
  if (CONTROL.test(value.trimEnd())) {
    const expected = 'one line without control characters';
    throw configError(`invalid value of sysctl ${key}`, `sysctl["${key}"]`, value, expected);
  }
  return { key, value, path };
}

/** How two values compare: the kernel prints numbers with its own spaces between them. */
export function sameValue(a: string, b: string): boolean {
  return words(a) === words(b);
}

function words(value: string): string {
  return value.trim().split(/\s+/).join(' ');
}
