import { isOwnNetns } from './pkg/netns/is-own.ts';
import type { Delegator } from './pkg/skel/delegator.ts';
import type { Environment } from './pkg/skel/plugin.ts';
import type { World } from './pkg/skel/world.ts';
import { isRegularFile } from './pkg/sys/file-calls.ts';
import { statusOf, writeText } from './pkg/sys/files.ts';
import { readStdin } from './pkg/sys/stdin.ts';
import { pluginNamed } from './plugins/table.ts';

/** The process as the skeleton sees it: its environment, its stdin, its namespace, its neighbours in CNI_PATH. */
export function createWorld(instead: Partial<Omit<World, 'delegator'>> = {}): World {
  const world: World = {
    environment: process.env,
    readStdin,
    isOwnNetns,
    warn: (line) => writeText(2, `${line}\n`),
    delegator: (environment) => lazyDelegator(environment, world),
    ...instead,
  };
  return world;
}

/** Few calls go to another plugin from here, so what that takes is loaded by the first that does. */
function lazyDelegator(environment: Environment, world: World): Delegator {
  const delegator = async () => {
    const [{ createDelegator }, { isSameBuild }] = [
      await import('./pkg/delegate/delegator.ts'),
      await import('./pkg/sys/same-build.ts'),
    ];
    return createDelegator({ environment, pluginNamed, isFile, isSameBuild, world });
  };
  return {
    add: async (request) => (await delegator()).add(request),
    run: async (request) => (await delegator()).run(request),
  };
}

function isFile(path: string): boolean {
  const found = statusOf(path);
  return found !== undefined && isRegularFile(found);
}
