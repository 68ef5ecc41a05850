// Answers one call like `main.ts`, and tells which of Node's modules were asked for meanwhile.
import { respond } from '../../pkg/skel/respond.ts';
import { pluginNamed } from '../../plugins/table.ts';
import { createWorld } from '../../world.ts';

/** What is printed. */
export interface Answer {
  readonly stdout: string;
  readonly exitCode: number;
  /** In order, the same one perhaps several times. */
  readonly asked: readonly string[];
}

const plugin = pluginNamed(process.argv[2] ?? '');
if (plugin === undefined) throw new Error('usage: asked-modules-driver.ts PLUGIN');
const asked: string[] = [];
const get = process.getBuiltinModule;
process.getBuiltinModule = ((id: string) => {
  asked.push(id);
  return get(id);
}) as typeof get;
const { stdout, exitCode } = await respond(plugin, createWorld());
process.stdout.write(JSON.stringify({ stdout, exitCode, asked } satisfies Answer));
