// Runs a TypeScript script of this repository under plain Node: node scripts/run.mjs FILE.ts [ARGS…].
// Node 20 cannot strip types itself; esbuild is here anyway.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const [file, ...args] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write('usage: node scripts/run.mjs FILE.ts [ARGS…]\n');
  process.exit(2);
}
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const entry = resolve(file);
const bundled = await build({
  entryPoints: [entry],
  bundle: true,
  write: false,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  sourcemap: 'inline',
  define: { 'import.meta.url': JSON.stringify(pathToFileURL(entry).href) },
  logLevel: 'error',
});
// Inside node_modules, so that external packages resolve as they do for the source.
const folder = join(root, 'node_modules', '.cache', 'cni-ts');
mkdirSync(folder, { recursive: true });
const output = join(folder, `${process.pid}.mjs`);
writeFileSync(output, bundled.outputFiles[0]?.text ?? '');
process.on('exit', () => rmSync(output, { force: true }));
process.argv = [process.argv[0] ?? 'node', entry, ...args];
process.setSourceMapsEnabled(true);
await import(pathToFileURL(output).href);
