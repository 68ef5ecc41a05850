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
import { debianSource, unpackedPackages } from './debian-packages.ts';
import { ROOT } from './project.ts';
import { UNCOUNTED_FILES, uncounted } from './uncounted.ts';

/** An architecture, by the name that container images and the reference releases use. */
export type Arch = 'amd64' | 'arm64';

/** What an executable is linked from. */
export interface Engine {
  /** Turns modules to bytecode, on this machine. */
  readonly compiler: string;
  /** Everything but the program. */
  readonly objects: readonly string[];
  /** The C compiler for the architecture. */
  readonly cc: string;
  /** Its flags where all is joined, in front of what is joined and behind it. */
  readonly link: readonly [before: readonly string[], after: readonly string[]];
  readonly folder: string;
}

/** The JavaScript engine, as Debian has it. */
const SOURCE = {
  what: 'the JavaScript engine QuickJS',
  suite: 'trixie',
  name: 'quickjs',
  version: '2025.04.26',
  sha256: 'ec81da5b3249ed648dbc7df4a1654988910e66a118d9b71cb63534216efcfbbe',
} as const;

/** The C library, as Debian has it: it looks at nothing before a program begins, where another asks the processor for 0.1 ms. */
const C_LIBRARY = { what: 'the C library musl', suite: 'trixie', packages: ['musl-dev=1.2.5-3*'] } as const;

const ENGINE_FILES = ['quickjs', 'libregexp', 'libunicode', 'cutils', 'dtoa'] as const;
const HOST_FILES = [
  'main',
  'memory',
  'native',
  'thread',
  'build',
  'child',
  'libc',
  'picture',
  'sha512',
  'text',
] as const;
const HOST = join(ROOT, 'runtime/host');

const MACHINES: Readonly<Record<Arch, string>> = { amd64: 'x86_64', arm64: 'aarch64' };

/** Where the picture of memory is: above everything else of the executable, and below what any kernel gives. */
const PICTURE_ADDRESS = '0x10000000';

/** The engine's own code is written for wrapping numbers and old warnings. */
const ENGINE_FLAGS = ['-fwrapv', '-w', '-D_GNU_SOURCE', `-DCONFIG_VERSION="${SOURCE.version}"`];
const HOST_FLAGS = ['-Wall', '-Wextra', '-Wno-cast-function-type', '-Werror'];
/** Functions that nobody calls are left out when all is joined: the language's own compiler among them. */
const FLAGS = [
  ...['-std=gnu11', '-O2', '-ffunction-sections', '-fdata-sections', '-fno-asynchronous-unwind-tables'],
  `-DPICTURE_ADDRESS=${PICTURE_ADDRESS}`,
];
/** What makes a mistake in the engine harder to use; docs/build.md has the price of each. */
const HARDENING = ['-fstack-protector-strong', '-fstack-clash-protection'];
/** Jumps and returns that lead only where the compiler meant them to, where the processor looks after that. */
const BRANCH_PROTECTION: Readonly<Record<Arch, readonly string[]>> = {
  amd64: ['-fcf-protection=full'],
  // What chooses between kinds of atomic instructions belongs to another C library.
  arm64: ['-mbranch-protection=standard', '-mno-outline-atomics'],
};

/** Has the engine and its host look after their own memory and arithmetic, and end at the first mistake. */
const SANITIZERS = [
  '-O1',
  '-fsanitize=address,undefined',
  '-fno-sanitize-recover=all',
  '-fno-omit-frame-pointer',
  '-g',
];

/** What an engine is for: to be given to people, or to find its mistakes. */
export type EngineKind = 'hardened' | 'sanitized';

/** The architecture of this machine. */
export function nativeArch(): Arch {
  if (process.arch === 'x64') return 'amd64';
  if (process.arch === 'arm64') return 'arm64';
  throw new Error(`there is no runtime for ${process.arch}: this needs an x86-64 or arm64 machine`);
}

/** The engine for an architecture; made once and kept in .cache/ until a file that it is made from changes. */
export async function engineFor(arch: Arch, kind: EngineKind = 'hardened'): Promise<Engine> {
  const isOwn = arch === nativeArch() && kind === 'hardened';
  const native = isOwn ? undefined : await engineFor(nativeArch());
  const toolchain = kind === 'hardened' ? await hardened(arch) : sanitized(arch);
  const folder = join(ROOT, '.cache/engine', `${arch}-${kind}-${fingerprint(toolchain)}`);
  if (!existsSync(folder)) await build(toolchain, folder);
  const objects = [...ENGINE_FILES, ...HOST_FILES].map((name) => join(folder, `${name}.o`));
  const compiler = native?.compiler ?? join(folder, 'compile');
  return { compiler, objects, cc: toolchain.cc, link: toolchain.link, folder };
}

/** How an engine is compiled and joined. */
interface Toolchain extends Pick<Engine, 'cc' | 'link'> {
  readonly flags: readonly string[];
}

/** Without anything of this machine's distribution but the compiler. */
async function hardened(arch: Arch): Promise<Toolchain> {
  const cc = `${MACHINES[arch]}-linux-gnu-gcc`;
  const home = await cLibrary(arch);
  const { stdout: ownHeaders } = await execa(cc, ['-print-file-name=include']);
  const library = (name: string) => join(home, `usr/lib/${MACHINES[arch]}-linux-musl/${name}`);
  const headers = join(home, `usr/include/${MACHINES[arch]}-linux-musl`);
  return {
    cc,
    flags: [
      ...FLAGS,
      ...['-nostdinc', '-isystem', headers, '-isystem', ownHeaders],
      ...['-fno-pie', ...HARDENING, ...BRANCH_PROTECTION[arch]],
    ],
    link: [
      ['-static', '-no-pie', '-nostdlib', '-s', `-Wl,--section-start=.picture=${PICTURE_ADDRESS}`, library('crt1.o')],
      [library('libc.a'), '-lgcc'],
    ],
  };
}

/** With the C library of this machine, which the sanitizers know. */
function sanitized(arch: Arch): Toolchain {
  const flags = [...FLAGS, '-fPIE', ...SANITIZERS];
  return { cc: `${MACHINES[arch]}-linux-gnu-gcc`, flags, link: [['-pie', ...SANITIZERS], ['-lm']] };
}

/** The folder that the C library's package is unpacked in. */
export function cLibrary(arch: Arch): Promise<string> {
  return unpackedPackages({ ...C_LIBRARY, folder: `c-library/${arch}`, arch });
}

/** Debian's package qemu-user has them. */
const EMULATORS: Readonly<Record<Arch, string>> = { amd64: '/usr/bin/qemu-x86_64', arm64: '/usr/bin/qemu-aarch64' };

/** How an executable is run on this machine: one of another architecture by Debian's emulator. */
export function runs(arch: Arch, executable: string) {
  if (arch === nativeArch()) return { command: executable, args: [] };
  return { command: EMULATORS[arch], args: [executable] };
}

/** Of all that the engine is made from. */
function fingerprint(toolchain: Toolchain): string {
  const hash = createHash('sha256').update(
    JSON.stringify([SOURCE, C_LIBRARY, ENGINE_FLAGS, HOST_FLAGS, toolchain]).replaceAll(ROOT, ''),
  );
  hash.update(readFileSync(join(ROOT, 'scripts/lib/uncounted.ts')));
  for (const name of readdirSync(HOST).sort()) hash.update(name).update(readFileSync(join(HOST, name)));
  return hash.digest('hex').slice(0, 16);
}

/** The folder with the engine's source. */
export function engineSource(): Promise<string> {
  return debianSource(SOURCE);
}

async function build({ cc, flags, link }: Toolchain, folder: string): Promise<void> {
  const source = await engineSource();
  mkdirSync(dirname(folder), { recursive: true });
  const work = mkdtempSync(join(dirname(folder), '.build-'));
  try {
    // Neither the engine's nor this project's folder is to be found in what is built.
    const places = Object.entries({ engine: source, host: HOST, '.': work });
    const common = [...flags, ...places.map(([name, place]) => `-ffile-prefix-map=${place}=${name}`)];
    for (const name of UNCOUNTED_FILES) {
      writeFileSync(join(work, name), uncounted(name, readFileSync(join(source, name), 'utf8')));
    }
    // What was changed is found first.
    const headers = ['-iquote', HOST, ...[work, source].flatMap((folder) => ['-isystem', folder])];
    const object = (more: readonly string[], home: string, name: string) =>
      execa(cc, [...common, ...more, ...headers, '-c', join(home, `${name}.c`), '-o', `${name}.o`], { cwd: work });
    await Promise.all([
      ...ENGINE_FILES.map((name) => {
        const home = UNCOUNTED_FILES.includes(`${name}.c`) ? work : source;
        return object(ENGINE_FLAGS, home, name);
      }),
      ...[...HOST_FILES, 'compile'].map((name) => object(HOST_FLAGS, HOST, name)),
    ]);
    const parts = [...ENGINE_FILES, 'compile'].map((name) => `${name}.o`);
    await execa(cc, ['-o', 'compile', ...link[0], ...parts, ...link[1]], { cwd: work });
    // Another build may have been faster; the one is as good as the other.
    if (!existsSync(folder)) renameSync(work, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
