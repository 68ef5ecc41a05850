import { join } from 'node:path';
import { unpackedPackages } from './debian-packages.ts';

/** Debian's stable release whose servers the tests ask. */
const SUITE = 'bookworm';

/** The file of dnsmasq, and the folders of the libraries that it loads besides those that every machine has. */
export async function dnsmasq(): Promise<{ readonly program: string; readonly libraries: string }> {
  const home = await unpackedPackages({
    what: 'dnsmasq',
    folder: 'dhcp/dnsmasq-2.90',
    suite: SUITE,
    packages: [
      'dnsmasq-base=2.90-*',
      'libdbus-1-3=1.14.*',
      'libidn2-0=2.3.*',
      'libunistring2=1.0-*',
      'libnettle8=3.8.*',
      'libhogweed6=3.8.*',
      'libnetfilter-conntrack3=1.0.9-*',
      'libnfnetlink0=1.0.2-*',
    ],
  });
  const machine = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
  const folders = ['usr/lib', 'lib'].map((folder) => join(home, folder, machine));
  return { program: join(home, 'usr/sbin/dnsmasq'), libraries: folders.join(':') };
}

/** The file of ISC's server, which needs nothing but the C library. */
export async function iscDhcpd(): Promise<string> {
  const home = await unpackedPackages({
    what: "ISC's DHCP server",
    folder: 'dhcp/isc-4.4',
    suite: SUITE,
    packages: ['isc-dhcp-server=4.4.*'],
  });
  return join(home, 'usr/sbin/dhcpd');
}
