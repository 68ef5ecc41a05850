import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { execa } from 'execa';
import { writeBuildId } from './build-id.ts';
import { type Arch, type EngineKind, engineFor } from './engine.ts';
import { ROOT } from './project.ts';

/** What to compile, for what, and where to. */
export interface CompileOptions {
  /** The TypeScript file that the program starts with. */
  readonly entry: string;
  /** Constants that replace identifiers, each a JavaScript expression. */
  readonly define?: Readonly<Record<string, string>>;
  readonly arch: Arch;
  /** By default the one for people. */
  readonly engine?: EngineKind;
  readonly output: string;
}

/** What {@link compile} measured. */
export interface CompileReport {
  readonly bundleBytes: number;
  readonly bytecodeBytes: number;
  /** Packages of others that something of is in the program. */
  readonly packages: readonly string[];
}

const RUNTIME = join(ROOT, 'runtime');

/** Compiles a program to one static executable: bundled by esbuild, turned to bytecode, joined to the engine. */
export async function compile({ entry, define = {}, arch, engine, output }: CompileOptions): Promise<CompileReport> {
  mkdirSync(dirname(output), { recursive: true });
  const folder = mkdtempSync(join(dirname(output), '.compile-'));
  try {
    const { compiler, objects, cc, link } = await engineFor(arch, engine);
    const { names, bytes, packages } = await bundle(entry, define, folder);
    await execa(compiler, ['program.bin', '.', ...names], { cwd: folder });
    const { size } = statSync(join(folder, 'program.bin'));
    const flags = [...link, '-Wl,--gc-sections', '-Wl,--build-id=none', '-Wl,-z,relro,-z,now'];
    const parts = [join(RUNTIME, 'host/program.S'), ...objects, '-lm'];
    await execa(cc, ['-o', 'executable', ...flags, ...parts], { cwd: folder });
    writeBuildId(join(folder, 'executable'));
    renameSync(join(folder, 'executable'), output);
    return { bundleBytes: bytes, bytecodeBytes: size, packages };
  } finally {
    rmSync(folder, { recursive: true });
  }
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
async function bundle(entry: string, define: Readonly<Record<string, string>>, folder: string) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: { main: resolve(entry), ...PARTS },
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
