import { join } from 'node:path';
import { unpackedPackages } from './debian-packages.ts';

/** The Debian package of the reference plugins that this suite is compared with. */
const PACKAGE = 'containernetworking-plugins';
const VERSION = '1.9.1';

/** The folder of the reference plugins' executables. */
export async function referencePlugins(): Promise<string> {
  const home = await unpackedPackages({
    what: 'the reference plugins',
    folder: `reference/${PACKAGE}-${VERSION}`,
    suite: 'forky',
    packages: [`${PACKAGE}=${VERSION}*`],
  });
  return join(home, 'usr/lib/cni');
}
