import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Host } from './host.ts';
import { BUILT_PLUGINS, type PluginCall, pluginEnvironment } from './plugin.ts';

/** The processes that a call of a plugin starts, by the program that each ends up as. */
export async function processesOf(host: Host, call: PluginCall, plugin = 'portmap'): Promise<readonly string[]> {
  return programsIn(await traceOf(host, call, plugin, 'execve'), plugin);
}

/** How much the kernel tells all processes of a call. */
export async function bytesReadBy(host: Host, call: PluginCall, plugin = 'portmap'): Promise<number> {
  const trace = await traceOf(host, call, plugin, 'recvmsg,recvfrom');
  return [...trace.matchAll(/ = (\d+)$/gm)].reduce((sum, [, bytes]) => sum + Number(bytes), 0);
}

async function traceOf(host: Host, call: PluginCall, plugin: string, calls: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'cni-ts-processes-'));
  try {
    const trace = join(folder, 'trace');
    const argv = ['strace', '-f', '-qq', '-e', `trace=${calls}`, '-o', trace, join(BUILT_PLUGINS, plugin)];
    const outcome = await host.run(argv, { env: pluginEnvironment(call), stdin: JSON.stringify(call.conf) });
    if (outcome.exitCode !== 0) throw new Error(`${call.verb}: ${outcome.stdout}${outcome.stderr}`);
    return readFileSync(trace, 'utf8');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** One for each process: what it was at last. */
function programsIn(trace: string, plugin: string): readonly string[] {
  const programs = new Map<string, string>();
  for (const line of trace.split('\n')) {
    // What others do meanwhile can stand between a call and its end; a call that failed has its end beside it.
    const [, pid, path] = /^(\d+) +execve\("([^"]*)".*(?: = 0| <unfinished \.\.\.>)$/.exec(line) ?? [];
    if (pid !== undefined && path !== undefined) programs.set(pid, path.slice(path.lastIndexOf('/') + 1));
  }
  return [...programs.values()].filter((program) => program !== plugin).sort();
}
