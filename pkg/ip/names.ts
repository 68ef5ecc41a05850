import { checkToken, refused } from './token.ts';

/** The kernel's limit for the name of a link, without the closing zero. */
const MAX_LINK_NAME_BYTES = 15;

/** Words that `ip` takes for something else wherever it may. */
const KEYWORDS =
  'add address addr addrgenmode alias all all-members allmulticast any arp broadcast brd carrier change ' +
  'default del delete dev down dynamic flush get group help index inet inet6 label lladdr link list lst ls ' +
  'local macaddr master mode mtu multicast name netns nomaster numrxqueues numtxqueues off on onlink peer ' +
  'promisc protodown proto replace scope set show src state table to trailers txqlen txqueuelen type up via ' +
  'vf vrf xdp';

/**
 * The name of a link, if the kernel and `ip` would both take it as one.
 *
 * @throws {CniError} code 7
 * @example
 * ip`link set dev ${linkName(ifName)} up`
 */
export function linkName(name: string): string {
  checkToken(name);
  // Only a name with other letters than ASCII's can have more bytes than it is long.
  if (name.length > MAX_LINK_NAME_BYTES || (/[^ -~]/.test(name) && Buffer.byteLength(name) > MAX_LINK_NAME_BYTES)) {
    throw refused(name, `a link name has at most ${MAX_LINK_NAME_BYTES} bytes`);
  }
  if (name === '.' || name === '..') throw refused(name, 'a link cannot be called that');
  const special = /[/:%]/.exec(name);
  if (special !== null) throw refused(name, `a link name cannot contain ${special[0]}`);
  if (KEYWORDS.split(' ').includes(name)) throw refused(name, 'ip would take this name for a keyword');
  return name;
}

/** An IPv4 or IPv6 address without a prefix length or a zone. */
export function ipAddress(address: string): string {
  if (!isIpv4(address) && !isIpv6(address)) throw refused(address, 'it is not an IP address');
  return address;
}

/** An address with its prefix length: `10.1.2.3/24`. */
export function prefix(text: string): string {
  const [address = '', length = '', ...rest] = text.split('/');
  const longest = isIpv4(address) ? 32 : isIpv6(address) ? 128 : -1;
  if (rest.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(length) || Number(length) > longest) {
    throw refused(text, 'it is not an address with a prefix length');
  }
  return text;
}

/** A hardware address: 6, 8 or 20 octets in hexadecimal, separated by colons. */
export function macAddress(address: string): string {
  const octets = address.split(':');
  if (![6, 8, 20].includes(octets.length) || !octets.every((octet) => /^[\da-f]{2}$/i.test(octet))) {
    throw refused(address, 'it is not a hardware address');
  }
  return address;
}

/** The path of a network namespace; a bare word would be looked up as a name or a process number. */
export function netnsPath(path: string): string {
  checkToken(path);
  if (!path.startsWith('/')) throw refused(path, 'the path of a network namespace begins with /');
  return path;
}

function isIpv4(text: string): boolean {
  const octets = text.split('.');
  return octets.length === 4 && octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) <= 255);
}

function isIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  // An address may end in the IPv4 notation, which stands for two groups.
  const last = groups.at(-1) ?? '';
  const embedded = last.includes('.') && isIpv4(last) && text.endsWith(last);
  const hex = embedded ? groups.slice(0, -1) : groups;
  if (!hex.every((group) => /^[\da-f]{1,4}$/i.test(group))) return false;
  const count = hex.length + (embedded ? 2 : 0);
  return halves.length === 2 ? count <= 7 : count === 8;
}
