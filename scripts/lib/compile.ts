import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { execa } from 'execa';
import { writeBuildId } from './build-id.ts';
import { type Arch, type EngineKind, engineFor, runs } from './engine.ts';
import { ROOT } from './project.ts';

/** What to compile, for what, and where to. */
export interface CompileOptions {
  /** The TypeScript file that the program starts with. */
  readonly entry: string;
  /** The TypeScript file that imports what is in the picture of memory; without one, everything is made at each start. */
  readonly picture?: string;
  /** TypeScript files that the program has loaded by their names when it needs them. */
  readonly parts?: readonly string[];
  /** Constants that replace identifiers, each a JavaScript expression. */
  readonly define?: Readonly<Record<string, string>>;
  readonly arch: Arch;
  /** By default the one for people. */
  readonly engine?: EngineKind;
  readonly output: string;
}

/** The files of the suite itself. */
export const SUITE = {
  entry: join(ROOT, 'main.ts'),
  picture: join(ROOT, 'picture.ts'),
  parts: [join(ROOT, 'cli/cli.ts'), join(ROOT, 'cli/cnitool-name.ts')],
} as const;

/** What {@link compile} measured. */
export interface CompileReport {
  readonly bundleBytes: number;
  readonly bytecodeBytes: number;
  /** Packages of others that something of is in the program. */
  readonly packages: readonly string[];
}

/** What the host finds where a picture can be, see runtime/host/picture.c; none is larger than the room for one. */
const NO_PICTURE = Buffer.alloc(4096);
const ROOM_FOR_PICTURE = Buffer.alloc(32 << 20);
ROOM_FOR_PICTURE.write('to make');

const RUNTIME = join(ROOT, 'runtime');

/** Compiles a program to one static executable: bundled by esbuild, turned to bytecode, joined to the engine. */
export async function compile(options: CompileOptions): Promise<CompileReport> {
  const { entry, picture, parts = [], define = {}, arch, engine, output } = options;
  mkdirSync(dirname(output), { recursive: true });
  const folder = mkdtempSync(join(dirname(output), '.compile-'));
  try {
    const { compiler, objects, cc, link } = await engineFor(arch, engine);
    const entries = { main: entry, ...(picture === undefined ? {} : { picture }), ...byName(parts) };
    const { names, bytes, packages } = await bundle(entries, define, folder);
    await execa(compiler, ['program.bin', '.', ...names], { cwd: folder });
    const { size } = statSync(join(folder, 'program.bin'));
    const flags = ['-Wl,--gc-sections', '-Wl,--build-id=none', '-Wl,-z,relro,-z,now', '-Wl,--wrap=gettimeofday'];
    const inputs = [...link[0], join(RUNTIME, 'host/program.S'), ...objects, ...link[1]];
    const joinAll = () => execa(cc, ['-o', 'executable', ...flags, ...inputs], { cwd: folder });
    writeFileSync(join(folder, 'picture.id'), pictureId(folder, objects));
    // An engine that looks after its memory has every piece of it from the C library.
    const hasPicture = picture !== undefined && engine !== 'sanitized';
    writeFileSync(join(folder, 'picture.bin'), hasPicture ? ROOM_FOR_PICTURE : NO_PICTURE);
    await joinAll();
    if (hasPicture) {
      // What is joined again differs in nothing but the picture, so that everything in it is where it was.
      const unfinished = join(folder, 'executable');
      const { command, args } = runs(arch, unfinished);
      const { stdout } = await execa(command, args, { encoding: 'buffer', env: {}, extendEnv: false });
      writeFileSync(join(folder, 'picture.bin'), stdout);
      await joinAll();
    }
    writeBuildId(join(folder, 'executable'));
    renameSync(join(folder, 'executable'), output);
    return { bundleBytes: bytes, bytecodeBytes: size, packages };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The same for the same engine and program only. */
function pictureId(folder: string, objects: readonly string[]): string {
  const hash = createHash('sha1').update(readFileSync(join(folder, 'program.bin')));
  for (const path of objects) hash.update(readFileSync(path));
  return hash.digest('hex');
}

function byName(files: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(files.map((file) => [basename(file, '.ts'), file]));
}

/** What there is of Node's modules: for `process.getBuiltinModule`, and for drivers, which import them. */
const NODE_MODULES = ['crypto', 'fs', 'net', 'os', 'path', 'tty', 'util'];
const MODULES = Object.fromEntries(NODE_MODULES.map((name) => [`node:${name}`, join(RUNTIME, 'node', `${name}.ts`)]));

/** What the program can be given by name; see runtime/start.ts and runtime/process.ts. */
const PARTS = {
  ...Object.fromEntries(['start', 'buffer', 'abort'].map((name) => [name, join(RUNTIME, `${name}.ts`)])),
  ...Object.fromEntries(NODE_MODULES.map((name) => [`node-${name}`, join(RUNTIME, 'node', `${name}.ts`)])),
};

/** Bundles into a folder, one module for each part that is loaded on its own. */
async function bundle(
  entries: Readonly<Record<string, string>>,
  define: Readonly<Record<string, string>>,
  folder: string,
) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: { ...entries, ...PARTS },
    bundle: true,
    write: false,
    metafile: true,
    outdir: folder,
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['import'],
    format: 'esm',
    splitting: true,
    target: 'es2023',
    minify: true,
    define: { global: 'globalThis', ...define },
    alias: MODULES,
    logLevel: 'error',
  });
  for (const { path, contents } of outputFiles) writeFileSync(path, contents);
  return {
    names: outputFiles.map(({ path }) => basename(path)).sort(),
    bytes: outputFiles.reduce((sum, { contents }) => sum + contents.length, 0),
    packages: packagesIn(Object.values(metafile.outputs)),
  };
}

/** The names of packages of which anything is left in what was bundled. */
function packagesIn(outputs: readonly Metafile['outputs'][string][]): readonly string[] {
  const used = outputs.flatMap(({ inputs }) => Object.entries(inputs).filter(([, input]) => input.bytesInOutput > 0));
  const names = used.map(([file]) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))];
}
