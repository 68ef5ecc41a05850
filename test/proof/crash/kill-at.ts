import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../../scripts/lib/project.ts';
import { BUILT_PLUGINS } from '../../netns/harness/plugin.ts';

/** A call with an effect that a plugin, or a program that it runs, makes: the N-th of all of them. */
export interface Point {
  /** The type of the chain's plugin; what it delegates to belongs to it. */
  readonly plugin: string;
  readonly ordinal: number;
  /** The program, the call and what it is about: `bridge unlink /var/lib/cni/networks/net/10.1.0.2`. */
  readonly what: string;
}

/** A folder of CNI_PATH in which one plugin is watched, and killed where that was asked for. */
export interface WatchedFolder {
  readonly path: string;
  /** From now on this plugin is killed, with all that it has started, as it enters this call; 0: never. */
  watch(plugin: string, ordinal: number): void;
  /** From now on nothing is watched. */
  rest(): void;
  /** The calls of the last run, in order; where it was killed, the last one was not carried out. */
  calls(): readonly string[];
  remove(): void;
}

const KILL_AT = join(ROOT, 'test/proof/crash/kill-at.pl');

/** Makes such a folder. */
export function watchedFolder(): WatchedFolder {
  const path = mkdtempSync(join(tmpdir(), 'cni-ts-watched-'));
  const log = join(path, '.calls');
  let watched: string | undefined;
  const rest = () => {
    if (watched !== undefined) rmSync(join(path, watched));
    watched = undefined;
  };
  return {
    path,
    rest,
    watch(plugin, ordinal) {
      rest();
      watched = plugin;
      rmSync(log, { force: true });
      const script = `#!/bin/sh\nexec perl ${KILL_AT} ${log} ${ordinal} ${BUILT_PLUGINS}/${plugin}\n`;
      writeFileSync(join(path, plugin), script);
      chmodSync(join(path, plugin), 0o755);
    },
    calls: () => readFileSync(log, 'utf8').trimEnd().split('\n'),
    remove: () => rmSync(path, { recursive: true }),
  };
}
