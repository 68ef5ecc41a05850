import { type ErrnoName, errnoFromText } from '../sys/errno.ts';
import type { IpCommand } from './command.ts';

/** What `ip` said when a command failed. */
export interface IpComplaint {
  /** Line of the batch that failed, counted from 1; `undefined` when `ip` did not say. */
  readonly line: number | undefined;
  /** The kernel's error where it is known; newer kernels give a text in its place. */
  readonly errno: ErrnoName | undefined;
  /** The words of `ip` or the kernel. */
  readonly reason: string;
  /** What that means and what to do about it; '' when the words say it all. */
  readonly hint: string;
}

/** Texts that stand where an error number used to, in the kernel's and in `ip`'s own words, lower case. */
const TEXTS: readonly (readonly [fragment: string, errno: ErrnoName])[] = [
  ['address already assigned', 'EEXIST'],
  ['vlan device already exists', 'EEXIST'],
  ['invalid vlan id', 'ERANGE'],
  ['vlans not supported on device', 'EOPNOTSUPP'],
  ['rule already exists', 'EEXIST'],
  ['address not found', 'EADDRNOTAVAIL'],
  ['cannot assign', 'EADDRNOTAVAIL'],
  ['ipv6 is disabled on', 'EACCES'],
  ['nexthop has invalid gateway', 'ENETUNREACH'],
  ['gateway is not reachable', 'ENETUNREACH'],
  ['nexthop device is not up', 'ENETDOWN'],
  ['device for nexthop is not up', 'ENETDOWN'],
  ['device not found', 'ENODEV'],
  ['unable to find the interface', 'ENODEV'],
  ['cannot find device', 'ENODEV'],
  ['cannot find bridge device', 'ENODEV'],
  ['device does not exist', 'ENODEV'],
  ['" does not exist', 'ENODEV'],
  ['exclusivity flag on, cannot modify', 'EEXIST'],
  ['qdisc kind is unknown', 'ENOENT'],
  ['classifier not found', 'ENOENT'],
  ['failed to load tc action module', 'ENOENT'],
  ['cannot find specified qdisc', 'ENOENT'],
  ['cannot delete qdisc with handle of zero', 'ENOENT'],
  ['unknown device type', 'EOPNOTSUPP'],
  ['via rtnetlink is not supported', 'EOPNOTSUPP'],
  ['can not enslave a bridge to a bridge', 'ELOOP'],
  ['table does not exist', 'ENOENT'],
  ['invalid "netns" value', 'ENOENT'],
  ['mtu less than device minimum', 'EINVAL'],
  ['mtu greater than device maximum', 'EINVAL'],
  ['interface netns is immutable', 'EINVAL'],
  ['invalid prefix', 'EINVAL'],
  ['invalid source address', 'EINVAL'],
  ['invalid prefsrc address', 'EINVAL'],
  ['gateway can not be a local address', 'EINVAL'],
  ['prefix is expected rather than', 'EINVAL'],
  ['is invalid lladdr', 'EINVAL'],
  ['is a garbage', 'EINVAL'],
  ['" is wrong:', 'EINVAL'],
];

/** Reads what `ip` wrote to stderr about the first command that failed. */
export function readComplaint(stderr: string, command?: IpCommand): IpComplaint {
  const failed = /^Command failed -:(\d+)$/m.exec(stderr);
  const lines = stderr.slice(0, failed?.index).split('\n');
  // A usage text may follow, so the first line is the one that says it.
  const said = lines.find((line) => line.trim() !== '')?.trim() ?? '';
  const reason = said.replace(/^Error: /, '').replace(/\.$/, '');
  const errno = toErrno(reason);
  return {
    line: failed === null ? undefined : Number(failed[1]),
    errno,
    reason: reason === '' ? 'ip gave no reason' : reason,
    hint: errno === undefined ? '' : hintFor(errno, reason, command?.words ?? []),
  };
}

/** The same for an error that came from the kernel directly: its number, and its own words where it gave some. */
export function explain(errno: ErrnoName | undefined, reason: string, command?: IpCommand): Omit<IpComplaint, 'line'> {
  return { errno, reason, hint: errno === undefined ? '' : hintFor(errno, reason, command?.words ?? []) };
}

function toErrno(reason: string): ErrnoName | undefined {
  // `RTNETLINK answers: File exists`, `ioctl(TUNSETIFF): Device or resource busy`
  const answer = /^(?:RTNETLINK answers|[a-z]+\([^)]*\)): (.*)$/.exec(reason);
  if (answer !== null) return errnoFromText(answer[1] ?? '');
  const text = reason.toLowerCase();
  return TEXTS.find(([fragment]) => text.includes(fragment))?.[1];
}

function hintFor(errno: ErrnoName, reason: string, words: readonly string[]): string {
  const [object = '', verb = ''] = words;
  const device = wordAfter(words, 'dev') ?? wordAfter(words, 'name') ?? '';
  const isIpv6 = words.some((word) => word.includes('::') || (word.match(/:/g)?.length ?? 0) > 6);
  switch (errno) {
    case 'EEXIST':
      if (object === 'link')
        return `a link with one of these names exists already${device && `: see "ip link show dev ${device}"`}`;
      if (object.startsWith('addr')) return `${device} has this address already`;
      if (object === 'qdisc') return `${device} has a queue there already: see "tc qdisc show dev ${device}"`;
      return 'the same entry exists already';
    case 'ENODEV':
      return 'there is no link of this name in this namespace; it was removed or renamed, or is in another one';
    case 'EPERM':
      return 'the process lacks CAP_NET_ADMIN in this namespace';
    case 'EACCES':
      if (isIpv6 || reason.includes('IPv6'))
        return `IPv6 is switched off: sysctl net.ipv6.conf.${device || 'X'}.disable_ipv6 is 1`;
      return 'the kernel does not permit this';
    case 'EBUSY':
      if (words.includes('master')) return `${device} belongs to another master or is in use`;
      return 'the device is in use; a link must be down to be renamed on older kernels';
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
      if (object.startsWith('route') && verb !== 'get')
        return 'the gateway is not in a network that the link is directly in';
      return 'no route leads there';
    case 'ENETDOWN':
      return 'the link must be up before a route can use it';
    case 'EOPNOTSUPP':
      if (words.includes('type'))
        return 'the kernel lacks support for this kind of link: its module is not loaded or not built';
      return 'the kernel or the driver of the link does not support this';
    case 'ESRCH':
      return object.startsWith('route') ? 'there is no such route' : 'there is no such process or entry';
    case 'EADDRNOTAVAIL':
      return 'the address is not on this link, or is not one that a host can have';
    case 'ENOENT':
      if (reason.includes('netns')) return 'the network namespace is gone';
      if ((object !== 'qdisc' && object !== 'filter') || verb !== 'add') return '';
      return 'the kernel lacks support for this kind of queue or filter: its module is not loaded or not built';
    default:
      return '';
  }
}

function wordAfter(words: readonly string[], keyword: string): string | undefined {
  const at = words.indexOf(keyword);
  return at < 0 ? undefined : words[at + 1];
}
