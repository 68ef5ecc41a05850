import type { AnyPlugin, Environment } from '../../pkg/skel/plugin.ts';
import { respond } from '../../pkg/skel/respond.ts';
import type { World } from '../../pkg/skel/world.ts';
import { loopback } from '../../plugins/loopback/plugin.ts';
import type { Outcome } from './expect-outcome.ts';

/** A world without a process around it: what would be stdin and stderr are texts. */
export function fakeWorld(environment: Environment, stdin: string, warnings: string[] = []): World {
  return {
    environment,
    readStdin: async () => stdin,
    isOwnNetns: (path) => path === '/own',
    warn: (line) => void warnings.push(line),
    delegator: () => {
      const none = () => Promise.reject(new Error('there are no other plugins here'));
      return { add: none, run: none };
    },
  };
}

/** Puts a call to a plugin in this process, by the very code that the executable runs. */
export async function callInProcess(
  environment: Environment,
  stdin: string,
  plugin: AnyPlugin = loopback,
  warnings: string[] = [],
): Promise<Outcome> {
  const { stdout, exitCode } = await respond(plugin, fakeWorld(environment, stdin, warnings));
  return { stdout, exitCode };
}
