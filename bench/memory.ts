import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';
import type { TimedProgram } from '../scripts/lib/timed-run.ts';

/** What a program has of the machine's memory when it ends, in megabytes. */
export interface MemoryAtEnd {
  /** Its own pages. */
  readonly private: number;
  /** Pages of files, which all processes of the program have together. */
  readonly shared: number;
}

/** How long the end is held up, so that somebody can look. */
const HELD_UP_MS = 300;

/** Runs a program and looks at its memory just before its end; nothing of these small programs is given back before. */
export async function memoryAtEnd({ file, env, stdin }: TimedProgram): Promise<MemoryAtEnd> {
  const holdUp = `inject=exit_group:delay_enter=${HELD_UP_MS * 1000}`;
  const running = execa('strace', ['-qq', '-e', 'trace=exit_group', '-e', holdUp, '-o', '/dev/null', file], {
    env,
    extendEnv: false,
    ...(stdin === undefined ? {} : { inputFile: stdin }),
  });
  await setTimeout(HELD_UP_MS / 2);
  const children = readFileSync(`/proc/${running.pid}/task/${running.pid}/children`, 'utf8');
  const status = readFileSync(`/proc/${children.trim()}/status`, 'utf8');
  await running;
  const megabytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1000;
  return { private: megabytes('RssAnon'), shared: megabytes('RssFile') };
}
