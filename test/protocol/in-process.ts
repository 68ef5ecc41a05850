import type { AnyPlugin, Environment, JsonObject } from '../../pkg/skel/plugin.ts';
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

/** What a plugin said to a call that names an attachment which does not exist. */
export interface Answer {
  readonly exitCode: number | undefined;
  readonly document: JsonObject;
  readonly stderr: readonly string[];
}

/** Calls a plugin in this process for container `c1`, with the given part of a configuration. */
export async function ask(
  plugin: AnyPlugin,
  verb: string,
  config: object,
  environment: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const stderr: string[] = [];
  const variables = {
    CNI_COMMAND: verb,
    CNI_CONTAINERID: 'c1',
    CNI_IFNAME: 'eth0',
    CNI_NETNS: '/proc/no',
    CNI_PATH: '/no',
    ...environment,
  };
  const stdin = JSON.stringify({ cniVersion: '1.1.0', name: 'net', ...config });
  const { stdout, exitCode } = await callInProcess(variables, stdin, plugin, stderr);
  return { exitCode, document: stdout === '' ? {} : (JSON.parse(stdout) as JsonObject), stderr };
}
