import { thrownErrno, thrownText } from '../sys/errno.ts';
import { files, readTextFile } from '../sys/files/files.ts';
import { CLONE_NEWNET, libc, NS_GET_NSTYPE } from '../sys/libc.ts';
import { EnteredNetns } from './entered.ts';
import { NetnsError } from './error.ts';
import type { Netns, NetnsIdentity } from './netns.ts';
import { NsenterNetns } from './nsenter.ts';
import { ownNetns } from './own.ts';

/** File systems that namespaces live on: nsfs, and procfs on old kernels. */
const NAMESPACE_MAGIC = [0x6e736673, 0x9fa0];

const KINDS = new Map([
  [0x80, 'time'],
  [0x20000, 'mnt'],
  [0x2000000, 'cgroup'],
  [0x4000000, 'uts'],
  [0x8000000, 'ipc'],
  [0x10000000, 'user'],
  [0x20000000, 'pid'],
  [CLONE_NEWNET, 'net'],
]);

/**
 * Opens the network namespace at a path.
 *
 * @throws {NetnsError} its `kind` tells a namespace that is gone from one that never was
 * @example
 * const netns = openNetns('/run/netns/blue');
 * try {
 *   await netns.start({ argv: ['ip', 'link', 'show'] }).outcome();
 * } finally {
 *   netns.close();
 * }
 */
export function openNetns(path: string): Netns {
  checkFileSystem(path);
  const fd = open(path);
  try {
    const identity = files().statusOf(fd);
    checkKind(path, fd, identity);
    return libc() === undefined ? new NsenterNetns(path, fd, identity) : new EnteredNetns(path, fd, identity);
  } catch (thrown) {
    files().close(fd);
    throw thrown;
  }
}

function checkFileSystem(path: string): void {
  let magic: number;
  try {
    magic = files().fileSystem(path);
  } catch (thrown) {
    throw openError(path, thrown);
  }
  if (NAMESPACE_MAGIC.includes(magic)) return;
  throw new NetnsError(
    'not-a-namespace',
    `unknown FS magic on ${JSON.stringify(path)}: ${magic.toString(16)}`,
    'the path leads to something that is not a namespace; its namespace may have been unmounted',
  );
}

function open(path: string): number {
  try {
    return files().open(path);
  } catch (thrown) {
    // Between the two calls it may have gone.
    if (thrownErrno(thrown) === 'ENOENT') throw openError(path, thrown);
    throw new NetnsError('other', `open ${path}: ${thrownText(thrown)}`);
  }
}

function openError(path: string, thrown: unknown): NetnsError {
  const kind = ['ENOENT', 'ENOTDIR'].includes(thrownErrno(thrown) ?? '') ? 'gone' : 'other';
  return new NetnsError(kind, `failed to Statfs ${JSON.stringify(path)}: ${thrownText(thrown)}`);
}

function checkKind(path: string, fd: number, identity: NetnsIdentity): void {
  const kind = kindOf(fd, path, identity);
  if (kind === 'net') return;
  const found = kind === undefined ? 'not a namespace' : `a namespace of another kind: ${kind}`;
  throw new NetnsError('not-a-namespace', `${JSON.stringify(path)} is not a network namespace`, `it is ${found}`);
}

/** The kernel's word for the kind of namespace; `undefined` when it is none. */
function kindOf(fd: number, path: string, identity: NetnsIdentity): string | undefined {
  const c = libc();
  if (c === undefined) return kindFromProc(path, identity);
  try {
    const kind = c.ioctl(fd, NS_GET_NSTYPE);
    return KINDS.get(kind) ?? `0x${kind.toString(16)}`;
  } catch {
    return undefined;
  }
}

/** The same without an ioctl: from the link's text (`net:[4026531840]`), else from the mount's root. */
function kindFromProc(path: string, identity: NetnsIdentity): string | undefined {
  if (sameAsOwn(identity)) return 'net';
  const label = new RegExp(`(?:^| )(\\w+):\\[${identity.ino}\\](?: |$)`, 'm');
  return label.exec(linkText(path))?.[1] ?? label.exec(readTextFile('/proc/self/mountinfo') ?? '')?.[1];
}

function sameAsOwn(identity: NetnsIdentity): boolean {
  const own = ownNetns().identity;
  return own.dev === identity.dev && own.ino === identity.ino;
}

function linkText(path: string): string {
  try {
    return files().readLink(path);
  } catch {
    return '';
  }
}
