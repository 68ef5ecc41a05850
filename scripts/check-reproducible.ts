// npm run check:reproducible [-- --arch …]: builds the current commit in two different folders and compares the bytes.
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { archiveName } from './lib/archive.ts';
import { nativeArch } from './lib/engine.ts';
import { print, style } from './lib/print.ts';
import { identifyBuild, packageVersion, ROOT } from './lib/project.ts';

const { values } = parseArgs({ options: { arch: { type: 'string', default: nativeArch() } } });
const { arch } = values;
const { commit } = await identifyBuild();
if (commit.endsWith('-dirty')) print(style('yellow', 'uncommitted changes are not part of what is built here'));

const folders = ['cni-ts-a-', 'cni-ts-another-'].map((prefix) => mkdtempSync(join(tmpdir(), prefix)));
let differs = false;
try {
  for (const folder of folders) await buildIn(folder);
  const folderOfBin = arch === nativeArch() ? 'dist/bin' : `dist/${arch}/bin`;
  for (const file of [`${folderOfBin}/cni`, `dist/${archiveName(arch, packageVersion())}`]) {
    const [a, b] = folders.map((folder) => readFileSync(join(folder, file)));
    const same = a !== undefined && b !== undefined && a.equals(b);
    print(`${same ? style('green', 'identical') : style('red', 'DIFFERENT')}  ${file} (${a?.length} bytes)`);
    differs ||= !same;
  }
} finally {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}
process.exitCode = differs ? 1 : 0;

async function buildIn(folder: string): Promise<void> {
  await execa('git', ['clone', '--quiet', ROOT, folder]);
  await execa('git', ['checkout', '--quiet', '--detach', commit.replace('-dirty', '')], { cwd: folder });
  // Packages and downloaded runtimes are shared; as links they are not what .gitignore means by folders.
  for (const shared of ['node_modules', '.cache']) {
    mkdirSync(join(ROOT, shared), { recursive: true });
    symlinkSync(join(ROOT, shared), join(folder, shared));
    appendFileSync(join(folder, '.git/info/exclude'), `${shared}\n`);
  }
  const { stdout } = await execa('npm', ['run', '--silent', 'build', '--', '--arch', arch], { cwd: folder });
  print(stdout.split('\n')[0]);
}
