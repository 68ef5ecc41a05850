import { createHash } from 'node:crypto';
import { closeSync, createReadStream, existsSync, mkdirSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import { ROOT, readJson } from './project.ts';

/** An architecture, by the name that container images and the reference releases use. */
export type Arch = 'amd64' | 'arm64';

const PACKAGES: Readonly<Record<Arch, string>> = { amd64: 'bun-linux-x64', arm64: 'bun-linux-aarch64' };

/** The architecture of this machine. */
export function nativeArch(): Arch {
  if (process.arch === 'x64') return 'amd64';
  if (process.arch === 'arm64') return 'arm64';
  throw new Error(`there is no runtime for ${process.arch}: this needs an x86-64 or arm64 machine`);
}

/** Where npm put this machine's runtime: it is also the compiler. */
export function nativeRuntime(): string {
  const candidates = [
    // The package's install script moves the runtime here …
    join(ROOT, 'node_modules/bun/bin/bun.exe'),
    // … and where scripts do not run it stays here, and there is only a placeholder above.
    join(ROOT, 'node_modules/@oven', PACKAGES[nativeArch()], 'bin/bun'),
  ];
  const found = candidates.find((path) => existsSync(path) && isElf(path));
  if (found === undefined) throw new Error('the package "bun" is not installed: run "npm run setup"');
  return found;
}

/** The runtime for an architecture; another one than this machine's is downloaded once and kept in .cache/. */
export async function runtimeFor(arch: Arch): Promise<string> {
  return arch === nativeArch() ? nativeRuntime() : await download(PACKAGES[arch]);
}

async function download(name: string): Promise<string> {
  const { version, integrity } = lockedPackage(name);
  const cache = join(ROOT, '.cache');
  const runtime = join(cache, `${name}-${version}`);
  const archive = join(cache, `oven-${name}-${version}.tgz`);
  mkdirSync(cache, { recursive: true });
  if (!existsSync(archive)) await pack(`@oven/${name}@${version}`, cache);
  if ((await sriOf(archive)) !== integrity) {
    rmSync(archive);
    throw new Error(`@oven/${name}@${version} does not match its integrity in package-lock.json; it was deleted`);
  }
  // Unpacked anew each time, so that what is used is what was checked.
  const part = `${runtime}.${process.pid}`;
  mkdirSync(part);
  await execa('tar', ['-xzf', archive, '-C', part, '--strip-components=2', 'package/bin/bun']);
  renameSync(join(part, 'bun'), runtime);
  rmSync(part, { recursive: true });
  return runtime;
}

async function pack(specifier: string, folder: string): Promise<void> {
  const { failed, stderr } = await execa('npm', ['pack', specifier, '--pack-destination', folder, '--silent'], {
    cwd: ROOT,
    reject: false,
  });
  if (failed) throw new Error(`cannot download ${specifier}, the runtime to build for that architecture: ${stderr}`);
}

function lockedPackage(name: string): { version: string; integrity: string } {
  const lock = readJson('package-lock.json') as { packages: Record<string, { version: string; integrity: string }> };
  const entry = lock.packages[`node_modules/@oven/${name}`];
  const bun = lock.packages['node_modules/bun'];
  if (entry === undefined || entry.version !== bun?.version) {
    throw new Error(`package-lock.json has no @oven/${name} of bun's version (${bun?.version ?? 'none'})`);
  }
  return entry;
}

async function sriOf(file: string): Promise<string> {
  const hash = createHash('sha512');
  await pipeline(createReadStream(file), hash);
  return `sha512-${hash.digest('base64')}`;
}

/** Whether a file is an executable and not the placeholder script that stands in for one. */
function isElf(path: string): boolean {
  const head = Buffer.alloc(4);
  const file = openSync(path, 'r');
  readSync(file, head);
  closeSync(file);
  return head.toString('latin1') === '\x7fELF';
}
