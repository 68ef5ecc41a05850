import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { ROOT } from './project.ts';

/** The Debian package of the reference plugins that this suite is compared with, and the suite that has it. */
const PACKAGE = 'containernetworking-plugins';
const VERSION = '1.9.1';
const SUITE = 'forky';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * The folder of the reference plugins' executables, fetched once from this machine's own Debian archive.
 *
 * The machine's package sources and its list of installed packages are left as they are.
 */
export async function referencePlugins(): Promise<string> {
  const home = join(ROOT, '.cache/reference', `${PACKAGE}-${VERSION}`);
  const plugins = join(home, 'usr/lib/cni');
  if (existsSync(join(plugins, 'host-local'))) return plugins;
  try {
    await fetchInto(home);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`the reference plugins (Debian's ${PACKAGE} ${VERSION}, suite ${SUITE}) cannot be had: ${why}`, {
      cause,
    });
  }
  return plugins;
}

async function fetchInto(home: string): Promise<void> {
  mkdirSync(join(ROOT, '.cache/reference'), { recursive: true });
  const work = mkdtempSync(join(ROOT, '.cache/reference/.fetch-'));
  try {
    const options = await ownSources(work);
    await execa('apt-get', [...options, 'update', '-qq'], { cwd: work });
    await execa('apt-get', [...options, 'download', '-qq', `${PACKAGE}=${VERSION}*`], { cwd: work });
    const archive = readdirSync(work).find((name) => name.endsWith('.deb'));
    if (archive === undefined) throw new Error('apt-get downloaded nothing');
    await execa('dpkg', ['-x', archive, 'unpacked'], { cwd: work });
    // Several test files may have wanted it at once; the first one is as good as any.
    if (!existsSync(home)) renameSync(join(work, 'unpacked'), home);
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** Options that make apt-get use a source list, package lists and a cache of our own. */
async function ownSources(work: string): Promise<readonly string[]> {
  const list = join(work, 'sources.list');
  writeFileSync(list, `deb [signed-by=${KEYRING}] ${await debianArchive()} ${SUITE} main\n`);
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
