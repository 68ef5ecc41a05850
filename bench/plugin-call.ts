import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One call of a plugin, as a runtime makes it. */
export interface PluginCall {
  /** The plugin's file. */
  readonly file: string;
  readonly conf: string;
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Where its stdin and stdout are kept: files, because pipes would be part of the time. */
  readonly scratch: string;
}

/** Calls a plugin; the time is from just before its start until its end is noticed. */
export function callPlugin({ file, conf, env, scratch }: PluginCall): {
  readonly nanoseconds: number;
  readonly status: number | null;
  readonly stdout: string;
} {
  const [input, output] = [join(scratch, 'in'), join(scratch, 'out')];
  writeFileSync(input, conf);
  const stdio = [openSync(input, 'r'), openSync(output, 'w'), 'ignore'] as const;
  const start = process.hrtime.bigint();
  const { status } = spawnSync(file, [], { env, stdio: [...stdio] });
  const nanoseconds = Number(process.hrtime.bigint() - start);
  closeSync(stdio[0]);
  closeSync(stdio[1]);
  return { nanoseconds, status, stdout: readFileSync(output, 'utf8') };
}
