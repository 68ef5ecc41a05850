import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { unpackedPackages } from './debian-packages.ts';

/** What sets a container's network up in podman where there are no CNI plugins: one program for all of it. */
export interface Netavark {
  readonly version: string;
  /** What it makes its rules with, unless it is told otherwise. */
  readonly firewall: 'iptables' | 'nftables';
  /** What starts it, before its own arguments. */
  readonly command: readonly [string, ...string[]];
}

const PROGRAM = 'usr/lib/podman/netavark';

/** The one of the release that the tests' podman is of. */
export async function olderNetavark(): Promise<Netavark> {
  const home = await unpackedPackages({
    what: 'netavark 1.4',
    folder: 'peers/netavark-1.4',
    suite: 'bookworm',
    packages: ['netavark=1.4.*'],
  });
  return { version: '1.4', firewall: 'iptables', command: [join(home, PROGRAM)] };
}

/**
 * The newer one, with the C library that it is made for, because the machine's may be older.
 *
 * That library's own loader starts it: `--version` of the older one takes 1.1 ms, and 0.15 ms more in this way.
 */
export async function newerNetavark(): Promise<Netavark> {
  const home = await unpackedPackages({
    what: 'netavark 1.17',
    folder: 'peers/netavark-1.17',
    suite: 'forky',
    packages: ['netavark=1.17.*', 'libc6', 'libgcc-s1'],
  });
  const libraries = join(home, 'usr/lib', process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu');
  const loader = readdirSync(libraries).find((name) => name.startsWith('ld-linux-'));
  if (loader === undefined) throw new Error(`no loader of programs in ${libraries}`);
  return {
    version: '1.17',
    firewall: 'nftables',
    command: [join(libraries, loader), '--library-path', libraries, join(home, PROGRAM)],
  };
}
