import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { build } from 'esbuild';
import { execa } from 'execa';
import { chooseCommonScript, joinCommonScript } from './common-script.ts';
import { ROOT } from './project.ts';
import { type Arch, nativeRuntime, runtimeFor } from './runtime.ts';
import { seal } from './seal.ts';
import { tune } from './tune.ts';

/** What to compile, for what, and where to. */
export interface CompileOptions {
  /** The TypeScript file that the program starts with. */
  readonly entry: string;
  /** Constants that replace identifiers, each a JavaScript expression. */
  readonly define?: Readonly<Record<string, string>>;
  readonly arch: Arch;
  readonly output: string;
}

/** What {@link compile} measured. */
export interface CompileReport {
  readonly bundleBytes: number;
  /** How many of the runtime's environment variables were switched off. */
  readonly sealed: number;
  /** Whether the engine's defaults were changed. */
  readonly tuned: boolean;
}

/** No file in the working directory may change what a plugin does. */
const NO_AUTOLOAD = ['dotenv', 'bunfig', 'tsconfig', 'package-json'].map((name) => `--no-compile-autoload-${name}`);

/** Compiles a program to one executable: bundled by esbuild, compiled to bytecode and joined to a sealed runtime. */
export async function compile({ entry, define = {}, arch, output }: CompileOptions): Promise<CompileReport> {
  mkdirSync(dirname(output), { recursive: true });
  const folder = mkdtempSync(join(dirname(output), '.compile-'));
  try {
    const bundleBytes = await bundle(entry, define, folder);
    // Sealed before it is joined to the program, so that the program's own bytes are out of reach.
    const runtime = readFileSync(await runtimeFor(arch));
    const { changed } = seal(runtime);
    const tuned = tune(runtime, arch);
    writeFileSync(join(folder, 'runtime'), runtime, { mode: 0o755 });
    // Relative names only: the executable must not know the folder it was built in.
    const args = ['build', './cni.js', '--outfile=cni', '--compile', '--bytecode', '--minify', '--format=esm'];
    // What a call does not use stays in a chunk that is never read; tiny chunks cost more than they spare.
    args.push('--splitting', '--min-chunk-size=65536');
    // A call is over before machine code could pay: without this, compiler threads compete with it for the processor.
    args.push('--compile-jit-policy=1000');
    const target = [`--target=bun-linux-${arch === 'amd64' ? 'x64' : 'arm64'}`, '--compile-executable-path=./runtime'];
    await execa(nativeRuntime(), [...args, ...target, ...NO_AUTOLOAD], {
      cwd: folder,
      // The compiler obeys the very variables that are switched off in its output.
      extendEnv: false,
      env: { PATH: process.env['PATH'], HOME: folder, TMPDIR: folder },
    });
    // Written at once the kernel keeps the file in large pieces, in which every start finds its way faster.
    writeFileSync(output, readFileSync(join(folder, 'cni')));
    chmodSync(output, 0o755);
    return { bundleBytes, sealed: changed, tuned };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Bundles into a folder, one script for each part that is loaded on its own; gives the size of all of them. */
async function bundle(entry: string, define: Readonly<Record<string, string>>, folder: string): Promise<number> {
  const options = {
    absWorkingDir: ROOT,
    entryPoints: { cni: resolve(entry) },
    bundle: true,
    write: false,
    outdir: folder,
    platform: 'node',
    format: 'esm',
    splitting: true,
    target: 'esnext',
    minify: true,
    metafile: true,
    define: { ...define },
    logLevel: 'error',
  } as const;
  const { metafile } = await build(options);
  const common = chooseCommonScript(relative(ROOT, resolve(entry)), metafile);
  const { outputFiles } = await build({ ...options, plugins: [joinCommonScript(common, ROOT)] });
  for (const { path, contents } of outputFiles) writeFileSync(path, contents);
  return outputFiles.reduce((sum, { contents }) => sum + contents.length, 0);
}
