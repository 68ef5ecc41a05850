import { createDelegator, type FileIdentity } from './pkg/delegate/delegator.ts';
import { isOwnNetns } from './pkg/netns/is-own.ts';
import type { World } from './pkg/skel/world.ts';
import { fs } from './pkg/sys/files.ts';
import { readStdin } from './pkg/sys/stdio.ts';
import { loadPlugin } from './plugins/table.ts';

/** The process as the skeleton sees it: its environment, its stdin, its namespace, its neighbours in CNI_PATH. */
export function createWorld(): World {
  const warn = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  const world: World = {
    environment: process.env,
    readStdin,
    isOwnNetns,
    warn,
    delegator: (environment) =>
      createDelegator({ environment, load: loadPlugin, self: identify('/proc/self/exe'), identify, world }),
  };
  return world;
}

function identify(file: string): FileIdentity | undefined {
  const found = fs().statSync(file, { throwIfNoEntry: false });
  return found?.isFile() === true ? found : undefined;
}
