import { unpackedPackages } from './debian-packages.ts';

/** Debian's stable release whose runtimes the tests call; its programs run on every later one. */
const SUITE = 'bookworm';

/** The release that has the newer containerd. */
const NEWER_SUITE = 'forky';

/** The versions of containerd that the tests call. */
export const CONTAINERDS = ['1.6', '2.1'] as const;

/** One of {@link CONTAINERDS}. */
export type ContainerdVersion = (typeof CONTAINERDS)[number];

const SUITES: Readonly<Record<ContainerdVersion, string>> = { '1.6': SUITE, '2.1': NEWER_SUITE };

/** The folder of a containerd, as its package unpacks. */
export function containerd(version: ContainerdVersion): Promise<string> {
  return unpackedPackages({
    what: `containerd ${version}`,
    folder: `runtimes/containerd-${version}`,
    suite: SUITES[version],
    packages: [`containerd=${version}.*`],
  });
}

/** The folder of podman and all that it loads, as the packages unpack. */
export function podman(): Promise<string> {
  return unpackedPackages({
    what: 'podman',
    folder: 'runtimes/podman-4.3',
    suite: SUITE,
    packages: [
      'podman=4.3.*',
      'conmon=2.1.*',
      'golang-github-containers-common=0.50.*',
      'libsubid4=1:4.13+*',
      'libgpgme11=1.18.*',
      'libassuan0=2.5.*',
      'libgpg-error0=1.46-*',
      'libdevmapper1.02.1=2:1.02.*',
      'libglib2.0-0=2.74.*',
    ],
  });
}

/** The folder of runc, which all runtimes start containers with, and of the busybox that runs in them. */
export function runc(): Promise<string> {
  return unpackedPackages({
    what: 'runc and busybox',
    folder: 'runtimes/runc-1.1',
    suite: SUITE,
    packages: ['runc=1.1.*', 'libseccomp2=2.5.*', 'busybox-static=1:1.35.*'],
  });
}
