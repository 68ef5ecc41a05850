// npm run bench:imports [-- --runs N]: what each import adds to the start of a compiled program.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compile } from '../scripts/lib/compile.ts';
import { nativeArch } from '../scripts/lib/engine.ts';
import { print } from '../scripts/lib/print.ts';
import { ROOT } from '../scripts/lib/project.ts';
import { INCLUDED, measure, shown } from './measure.ts';

/** Programs, each of which uses what it imports once: an import that nobody uses is left out by the bundler. */
const PROGRAMS: Readonly<Record<string, string>> = {
  nothing: '',
  '`node:fs`, `existsSync`': "import { existsSync } from 'node:fs'; if (!existsSync('/')) throw 1;",
  '`process.stdout.write`': "process.stdout.write('x');",
  '`node:crypto`, `createHash`':
    "import { createHash } from 'node:crypto'; createHash('sha512').update('x').digest('hex');",
  'libc `getuid`': 'process.getuid?.();',
  '`zod/mini`, a small schema':
    "import * as z from 'zod/mini'; z.object({ name: z.string(), mtu: z.optional(z.number()) }).parse({ name: 'x' });",
  '`zod`, the same schema':
    "import * as z from 'zod'; z.object({ name: z.string(), mtu: z.number().optional() }).parse({ name: 'x' });",
  '`ip-num`, one network':
    "import { IPv4CidrRange } from 'ip-num'; IPv4CidrRange.fromCidr('10.0.0.0/24').getFirst().toString();",
  '`@pkgjs/parseargs`':
    "import { parseArgs } from '@pkgjs/parseargs'; parseArgs({ args: ['--x'], options: { x: { type: 'boolean' } } });",
  '`runProcess` of /bin/true':
    "import { runProcess } from '../../pkg/sys/process.ts'; await runProcess({ argv: ['/bin/true'] });",
};

const { values } = parseArgs({ options: { runs: { type: 'string', default: '40' } } });
const runs = Number(values.runs);
// Inside the repository, so that packages resolve.
const folder = mkdtempSync(join(ROOT, 'dist/imports-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

const commands: { file: string; env: Record<string, string>; stdin: string }[] = [];
const kilobytes: number[] = [];
for (const [index, source] of Object.values(PROGRAMS).entries()) {
  const entry = join(folder, `${index}.ts`);
  const file = join(folder, `program-${index}`);
  writeFileSync(entry, source);
  kilobytes.push((await compile({ entry, arch: nativeArch(), output: file })).bundleBytes / 1000);
  commands.push({ file, env: { PATH: '/usr/bin:/bin' }, stdin: entry });
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
