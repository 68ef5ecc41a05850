import { readExistingFile, writeFile } from '../pkg/sys/files/files.ts';
import { timedRun } from '../scripts/lib/timed-run.ts';

/** One call of a plugin, or of what does the same job, as a runtime makes it. */
export interface PluginCall {
  /** The plugin's file. */
  readonly file: string;
  readonly args?: readonly string[];
  readonly conf: string;
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Where its stdin and stdout are kept. */
  readonly scratch: string;
}

/** Calls a plugin; the time is from just before its start until its end is noticed. */
export function callPlugin({ file, args = [], conf, env, scratch }: PluginCall): {
  readonly nanoseconds: number;
  readonly status: number | undefined;
  readonly stdout: string;
} {
  const [stdin, stdout] = [`${scratch}/in`, `${scratch}/out`];
  writeFile(stdin, conf);
  const { nanoseconds, status } = timedRun({ file, args, env, stdin, stdout });
  return { nanoseconds, status, stdout: readExistingFile(stdout) };
}
