import { createDelegator } from './pkg/delegate/delegator.ts';
import { isOwnNetns } from './pkg/netns/is-own.ts';
import type { World } from './pkg/skel/world.ts';
import { isRegularFile } from './pkg/sys/files/calls.ts';
import { statusOf, writeText } from './pkg/sys/files/files.ts';
import { readStdin } from './pkg/sys/files/stdin.ts';
import { isSameBuild } from './pkg/sys/process/same-build.ts';
import { pluginNamed } from './plugins/table.ts';

/** The process as the skeleton sees it: its environment, its stdin, its namespace, its neighbours in CNI_PATH. */
export function createWorld(instead: Partial<Omit<World, 'delegator'>> = {}): World {
  const world: World = {
    environment: process.env,
    readStdin,
    isOwnNetns,
    warn: (line) => writeText(2, `${line}\n`),
    delegator: (environment) => createDelegator({ environment, pluginNamed, isFile, isSameBuild, world }),
    ...instead,
  };
  return world;
}

function isFile(path: string): boolean {
  const found = statusOf(path);
  return found !== undefined && isRegularFile(found);
}
