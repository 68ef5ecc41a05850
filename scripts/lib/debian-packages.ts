import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { ROOT } from './project.ts';

/** Packages of one release of Debian, wanted in a folder and not installed. */
export interface DebianPackages {
  /** What people call them in a message. */
  readonly what: string;
  /** The folder below `.cache` that they are unpacked into. */
  readonly folder: string;
  /** Debian's name of the release: `bookworm`. */
  readonly suite: string;
  /** As apt-get writes them: `runc=1.1.*`. */
  readonly packages: readonly string[];
  /** Debian's name of an architecture that is not this machine's: `arm64`. */
  readonly arch?: string;
}

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * The folder with the packages' files, fetched once from this machine's own Debian archive.
 *
 * The machine's package sources and its list of installed packages are left as they are.
 */
export async function unpackedPackages(wanted: DebianPackages): Promise<string> {
  const home = join(ROOT, '.cache', wanted.folder);
  if (existsSync(home)) return home;
  try {
    await fetchInto(home, wanted);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `${wanted.what} (Debian's ${wanted.packages.join(', ')}, suite ${wanted.suite}) cannot be had: ${why}`,
      {
        cause,
      },
    );
  }
  return home;
}

/** The source of a package of one release of Debian, as its authors published it. */
export interface DebianSource {
  /** What people call it in a message. */
  readonly what: string;
  /** Debian's name of the release: `trixie`. */
  readonly suite: string;
  readonly name: string;
  readonly version: string;
  /** Of the archive. */
  readonly sha256: string;
}

/** The folder with a package's source, fetched once from this machine's own Debian archive. */
export async function debianSource({ what, suite, name, version, sha256 }: DebianSource): Promise<string> {
  const home = join(ROOT, '.cache/source', `${name}-${version}`);
  if (existsSync(home)) return home;
  mkdirSync(dirname(home), { recursive: true });
  const work = mkdtempSync(join(dirname(home), '.fetch-'));
  try {
    const options = await ownSources(work, suite, 'deb-src');
    await execa('apt-get', [...options, 'update', '-qq'], { cwd: work });
    await execa('apt-get', [...options, 'source', '--download-only', '-qq', name], { cwd: work });
    const archive = readdirSync(work).find((file) => file.includes('.orig.tar.'));
    if (archive === undefined) throw new Error('apt-get downloaded no archive');
    const found = createHash('sha256')
      .update(readFileSync(join(work, archive)))
      .digest('hex');
    if (found !== sha256) throw new Error(`${archive} has the checksum ${found} and not ${sha256}`);
    mkdirSync(join(work, 'unpacked'));
    await execa('tar', ['-xf', archive, '-C', 'unpacked', '--strip-components=1'], { cwd: work });
    if (!existsSync(home)) renameSync(join(work, 'unpacked'), home);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${what} (Debian's source of ${name} ${version}, suite ${suite}) cannot be had: ${why}`, { cause });
  } finally {
    rmSync(work, { recursive: true });
  }
  return home;
}

async function fetchInto(home: string, { suite, packages, arch }: DebianPackages): Promise<void> {
  mkdirSync(dirname(home), { recursive: true });
  const work = mkdtempSync(join(dirname(home), '.fetch-'));
  try {
    const forArch = arch === undefined ? [] : ['-o', `APT::Architecture=${arch}`, '-o', `APT::Architectures=${arch}`];
    const options = [...forArch, ...(await ownSources(work, suite))];
    await execa('apt-get', [...options, 'update', '-qq'], { cwd: work });
    await execa('apt-get', [...options, 'download', '-qq', ...packages], { cwd: work });
    const archives = readdirSync(work).filter((name) => name.endsWith('.deb'));
    if (archives.length !== packages.length) throw new Error(`apt-get downloaded only ${archives.join(', ')}`);
    for (const archive of archives) await execa('dpkg', ['-x', archive, 'unpacked'], { cwd: work });
    // Several test files may have wanted it at once; the first one is as good as any.
    if (!existsSync(home)) renameSync(join(work, 'unpacked'), home);
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** Options that make apt-get use a source list, package lists and a cache of our own. */
async function ownSources(work: string, suite: string, kind = 'deb'): Promise<readonly string[]> {
  const list = join(work, 'sources.list');
  writeFileSync(list, `${kind} [signed-by=${KEYRING}] ${await debianArchive()} ${suite} main\n`);
  for (const folder of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(work, folder), { recursive: true });
  const settings = {
    'Dir::Etc::SourceList': list,
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::State::lists': join(work, 'lists'),
    'Dir::Cache': join(work, 'cache'),
    'Acquire::Languages': 'none',
    // The unprivileged download user may not enter the folder.
    'APT::Sandbox::User': 'root',
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

/** The archive that this machine itself is installed from. */
async function debianArchive(): Promise<string> {
  const { stdout } = await execa('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages']);
  // Security updates and other vendors' repositories do not have the suite.
  const archive = stdout.split('\n').find((uri) => /\/debian\/?$/.test(uri));
  if (archive === undefined) throw new Error("no Debian archive among this machine's apt sources");
  return archive;
}
