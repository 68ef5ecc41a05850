import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { ROOT } from '../project.ts';

/** What a virtual machine is started with, unpacked from Debian's packages. */
export interface Kernel {
  /** What `uname -r` says in it. */
  readonly version: string;
  /** A folder with `vmlinuz`, a static `busybox`, and the modules in `usr/lib/modules`. */
  readonly home: string;
}

/** The stock kernel of the Debian that this machine runs; the cloud flavour lacks the file system of shared folders. */
const METAPACKAGE = 'linux-image-amd64';

/** Debian's own kernel, fetched once; nothing is installed. */
export async function debianKernel(): Promise<Kernel> {
  const home = join(ROOT, '.cache/vm/kernel');
  if (!existsSync(home)) {
    try {
      await fetchInto(home);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`Debian's kernel for the virtual machine cannot be had: ${why}`, { cause });
    }
  }
  const [version] = readdirSync(join(home, 'usr/lib/modules'));
  if (version === undefined) throw new Error(`${home} has no modules: remove it, and it is fetched again`);
  return { version, home };
}

async function fetchInto(home: string): Promise<void> {
  mkdirSync(join(ROOT, '.cache/vm'), { recursive: true });
  const work = mkdtempSync(join(ROOT, '.cache/vm/.fetch-'));
  try {
    await download(work).catch(async () => {
      // Package lists that are missing or older than the archive.
      await execa('apt-get', ['update', '-qq']);
      await download(work);
    });
    const archives = readdirSync(work).filter((name) => name.endsWith('.deb'));
    for (const archive of archives) await execa('dpkg', ['-x', archive, 'unpacked'], { cwd: work });
    await arrange(join(work, 'unpacked'), join(work, 'home'));
    renameSync(join(work, 'home'), home);
  } finally {
    rmSync(work, { recursive: true });
  }
}

async function download(work: string): Promise<void> {
  const { stdout } = await execa('apt-cache', ['show', '--no-all-versions', METAPACKAGE]);
  const image = /^Depends:.*?(linux-image-\S+-amd64)/m.exec(stdout)?.[1];
  if (image === undefined) throw new Error(`${METAPACKAGE} depends on no kernel`);
  // The unprivileged download user may not enter the folder.
  const options = ['-qq', '-o', 'APT::Sandbox::User=root'];
  await execa('apt-get', ['download', ...options, image, 'busybox-static'], { cwd: work });
}

/** Only what is needed, and at the same place whatever the release: newer packages have everything below usr. */
async function arrange(unpacked: string, home: string): Promise<void> {
  const find = (...places: readonly string[]) => {
    const found = places.map((place) => join(unpacked, place)).find((path) => existsSync(path));
    if (found === undefined) throw new Error(`the packages have none of ${places.join(', ')}`);
    return found;
  };
  const modules = find('usr/lib/modules', 'lib/modules');
  const [version = ''] = readdirSync(modules);
  mkdirSync(join(home, 'usr/lib'), { recursive: true });
  symlinkSync('usr/lib', join(home, 'lib'));
  renameSync(modules, join(home, 'usr/lib/modules'));
  renameSync(find(`boot/vmlinuz-${version}`), join(home, 'vmlinuz'));
  renameSync(find('usr/bin/busybox', 'bin/busybox'), join(home, 'busybox'));
  await execa('depmod', ['-b', home, version]);
}
