// npm run bench:imports [-- --runs N]: what each import adds to the start of a compiled program.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compile } from '../scripts/lib/compile.ts';
import { print } from '../scripts/lib/print.ts';
import { ROOT } from '../scripts/lib/project.ts';
import { nativeArch } from '../scripts/lib/runtime.ts';
import { INCLUDED, measure, shown } from './measure.ts';

/** Programs, each of which uses what it imports once: an import that nobody uses is left out by the bundler. */
const PROGRAMS: Readonly<Record<string, string>> = {
  nothing: '',
  '`node:fs`, `readFileSync(0)` and `writeSync(1, …)`':
    "import { readFileSync, writeSync } from 'node:fs'; writeSync(1, readFileSync(0, 'utf8'));",
  '`process.stdout.write`': "process.stdout.write('x');",
  '`console.log`': "console.log('x');",
  '`node:path`': "import { basename } from 'node:path'; if (basename('/a/b') !== 'b') throw 1;",
  '`node:net`, `isIP`': "import { isIP } from 'node:net'; if (isIP('::1') !== 6) throw 1;",
  '`node:crypto`, `createHash`':
    "import { createHash } from 'node:crypto'; createHash('sha512').update('x').digest('hex');",
  '`Bun.FFI`, libc `getpid`':
    "(globalThis as any).Bun.FFI.dlopen('libc.so.6', { getpid: { args: [], returns: 'int' } }).symbols.getpid();",
  '`zod/mini`, a small schema':
    "import * as z from 'zod/mini'; z.object({ name: z.string(), mtu: z.optional(z.number()) }).parse({ name: 'x' });",
  '`zod`, the same schema':
    "import * as z from 'zod'; z.object({ name: z.string(), mtu: z.number().optional() }).parse({ name: 'x' });",
  '`ip-num`, one network':
    "import { IPv4CidrRange } from 'ip-num'; IPv4CidrRange.fromCidr('10.0.0.0/24').getFirst().toString();",
  '`@pkgjs/parseargs`':
    "import { parseArgs } from '@pkgjs/parseargs'; parseArgs({ args: ['--x'], options: { x: { type: 'boolean' } } });",
  '`Bun.spawnSync` of /bin/true': "(globalThis as any).Bun.spawnSync(['/bin/true']);",
  '`Bun.spawn` of /bin/true, awaited':
    "void (async () => await (globalThis as any).Bun.spawn(['/bin/true']).exited)();",
  '`node:child_process`, `spawnSync` of /bin/true':
    "import { spawnSync } from 'node:child_process'; spawnSync('/bin/true');",
  '`execa` of /bin/true': "import { execa } from 'execa'; void execa('/bin/true');",
};

const { values } = parseArgs({ options: { runs: { type: 'string', default: '40' } } });
const runs = Number(values.runs);
// Inside the repository, so that packages resolve.
const folder = mkdtempSync(join(ROOT, 'dist/imports-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

const commands: { file: string; env: Record<string, string>; stdinFile: string }[] = [];
const kilobytes: number[] = [];
for (const [index, source] of Object.values(PROGRAMS).entries()) {
  const entry = join(folder, `${index}.ts`);
  const file = join(folder, `program-${index}`);
  writeFileSync(entry, source);
  kilobytes.push((await compile({ entry, arch: nativeArch(), output: file })).bundleBytes / 1000);
  commands.push({ file, env: { PATH: '/usr/bin:/bin' }, stdinFile: entry });
}
const measured = await measure(commands, runs);
const base = measured[0]?.median ?? Number.NaN;

print('| program | median ms | minimum ms | + ms | bundle kB |');
print('|---|--:|--:|--:|--:|');
for (const [index, name] of Object.keys(PROGRAMS).entries()) {
  const { median = Number.NaN, minimum = Number.NaN } = measured[index] ?? {};
  const added = index === 0 ? '' : shown(median - base);
  print(`| ${name} | ${shown(median)} | ${shown(minimum)} | ${added} | ${kilobytes[index]?.toFixed(1)} |`);
}
print(`\n${new Date().toISOString().slice(0, 10)}, ${nativeArch()}, ${cpus().length} cores, median of ${runs} runs:`);
print(`${INCLUDED}.`);
