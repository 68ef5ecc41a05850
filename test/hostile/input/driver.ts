// Puts generated calls to all plugins, in the namespaces it is started in, with the runtime of the real plugins.
// stdin: {"seed":…,"first":…,"last":…,"netns":…,"state":{path: text}}; what was found is written as JSON.
import { lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { JsonObject } from '../../../pkg/skel/plugin.ts';
import { respond } from '../../../pkg/skel/respond.ts';
import { pluginNamed } from '../../../plugins/table.ts';
import { createWorld } from '../../../world.ts';
import { type Case, caseOf, type HostileRun } from './case.ts';
import type { Schema } from './documents.ts';
import { behindTheDoor, watchFiles, watchPrograms } from './doors.ts';
import { problemOf } from './outcome.ts';

const run = JSON.parse(readFileSync(0, 'utf8')) as HostileRun;
const violations: string[] = [];
const answers = { succeeded: 0, refused: 0 };
const byPlugin: Record<string, number> = {};
let slowestMs = 0;
let current: Case | undefined;

function report(what: string): void {
  if (violations.length < 30)
    violations.push(`case ${current?.index} (${current?.plugin} ${current?.variables['CNI_COMMAND']}): ${what}`);
}

const schemas = new Map<string, Schema>(Object.entries(run.schemas));

watchFiles(report, () => current?.folders ?? []);
watchPrograms(report);
const exit = process.exit.bind(process);
process.exit = ((status: number) => {
  throw new Error(`exits with ${status}`);
}) as typeof process.exit;

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

/** Files as a case wants them; gives how to put back what was there. */
function disturb(changes: Case['state']): () => void {
  for (const { path, text } of changes) {
    rmSync(path, { recursive: true, force: true });
    mkdirSync(folderOf(path), { recursive: true });
    writeFileSync(path, text);
  }
  return () => {
    for (const { path } of changes) {
      const original = run.state[path];
      if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) rmSync(path, { recursive: true, force: true });
      mkdirSync(folderOf(path), { recursive: true });
      if (original !== undefined) writeFileSync(path, original);
    }
  };
}

async function put(one: Case): Promise<void> {
  const plugin = pluginNamed(one.plugin);
  if (plugin === undefined) throw new Error(`no plugin ${one.plugin}`);
  const said: string[] = [];
  const restore = behindTheDoor(() => disturb(one.state));
  const started = performance.now();
  const world = createWorld({
    environment: one.variables,
    readStdin: async () => one.stdin,
    warn: (line) => void said.push(line),
  });
  const { stdout, exitCode } = await respond(plugin, world);
  const ms = performance.now() - started;
  behindTheDoor(restore);
  slowestMs = Math.max(slowestMs, ms);
  // Of which a bridge's port may be waited for 2.5 s.
  if (ms > 4000) report(`took ${Math.round(ms)} ms: ${stdout}`);
  const problem = problemOf({ stdout, stderr: said.join('\n'), exitCode });
  if (problem !== undefined) report(`${problem}: ${stdout.slice(0, 1500)}`);
  answers[exitCode === 0 ? 'succeeded' : 'refused'] += 1;
  byPlugin[one.plugin] = (byPlugin[one.plugin] ?? 0) + 1;
  if (Object.keys(Object.prototype).length > 0 || Reflect.get({} as JsonObject, 'polluted') !== undefined) {
    report('the prototype of all objects was changed');
    for (const key of Object.keys(Object.prototype)) Reflect.deleteProperty(Object.prototype, key);
  }
}

for (let index = run.first; index < run.last; index++) {
  current = caseOf(run, schemas, index);
  behindTheDoor(() => writeFileSync(run.progress, `${index}`));
  await put(current).catch((thrown: unknown) =>
    report(`throws ${thrown instanceof Error ? thrown.stack : String(thrown)}`),
  );
}
behindTheDoor(() => writeFileSync(run.found, JSON.stringify({ violations, answers, byPlugin, slowestMs })));
exit(0);
