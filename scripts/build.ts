// npm run build [-- --arch amd64|arm64]: compiles the suite, checks it and packs it.
import { constants, copyFileSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { PLUGIN_NAMES } from '../plugins/names.ts';
import { archiveName, packArchive, writeChecksum } from './lib/archive.ts';
import { compile, SUITE } from './lib/compile.ts';
import { type Arch, cLibrary, engineSource, nativeArch } from './lib/engine.ts';
import { noticesOf } from './lib/notices.ts';
import { megabytes, print, seconds, style } from './lib/print.ts';
import { identifyBuild, ROOT } from './lib/project.ts';
import { writeSchemas } from './lib/schema-files.ts';
import { verifyExecutable } from './lib/verify.ts';

const start = performance.now();
const arch = parseArch();
const isNative = arch === nativeArch();
const identity = await identifyBuild();
const dist = isNative ? join(ROOT, 'dist') : join(ROOT, 'dist', arch);
const bin = join(dist, 'bin');
const executable = join(dist, `.cni-${process.pid}`);

const { bundleBytes, bytecodeBytes, packages } = await compile({
  ...SUITE,
  define: {
    CNI_TS_VERSION: JSON.stringify(identity.version),
    CNI_TS_COMMIT: JSON.stringify(identity.commit),
  },
  arch,
  output: executable,
});
const names = ['cni', ...PLUGIN_NAMES];
rmSync(bin, { recursive: true, force: true });
mkdirSync(bin, { recursive: true });
// A file for each name: whoever writes over one of them leaves the others as they are.
for (const name of names) copyFileSync(executable, join(bin, name), constants.COPYFILE_FICLONE);
rmSync(executable);
await verifyExecutable(join(bin, PLUGIN_NAMES[0]), arch);

writeFileSync(join(dist, 'NOTICE'), noticesOf(await engineSource(), await cLibrary(arch), packages));
await writeSchemas(join(dist, 'schema'));
const archive = join(ROOT, 'dist', archiveName(arch, identity.version));
const members = [
  { folder: bin, names },
  { folder: dist, names: ['NOTICE'] },
  { folder: ROOT, names: ['LICENSE', 'conf', 'deploy'] },
  { folder: dist, names: ['schema'], into: 'conf' },
];
await packArchive(members, archive, identity.time);
const digest = await writeChecksum(archive);

report(
  'source',
  `${identity.version} (${identity.commit}), scripts of ${kilobytes(bundleBytes)}, ${kilobytes(bytecodeBytes)} as bytecode`,
);
report(
  'executable',
  `${shown(bin)}: ${names.length} names, each a file of ${megabytes(statSync(join(bin, 'cni')).size)}`,
);
report('archive', `${shown(archive)}: ${megabytes(statSync(archive).size)}`);
report('sha256', digest);
report('time', seconds(performance.now() - start));

function report(what: string, text: string): void {
  print(`${style('bold', what.padEnd(10))}  ${text}`);
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(0)} kB`;
}

function shown(path: string): string {
  return relative(ROOT, path);
}

function parseArch(): Arch {
  const { values } = parseArgs({ options: { arch: { type: 'string', default: nativeArch() } } });
  if (values.arch === 'amd64' || values.arch === 'arm64') return values.arch;
  throw new Error(`--arch is amd64 or arm64, not "${values.arch}"`);
}
