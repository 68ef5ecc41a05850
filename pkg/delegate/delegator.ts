import { callPlugin } from '../skel/call-plugin.ts';
import type { DelegateRequest, Delegator } from '../skel/delegator.ts';
import type { AnyPlugin, Environment } from '../skel/plugin.ts';
import { configVersion } from '../skel/version-gate.ts';
import type { World } from '../skel/world.ts';
import { parseDelegateOutput } from '../types/prev-result.ts';
import type { Result } from '../types/result.ts';
import { findPlugin } from './find-plugin.ts';
import { foreignError, runForeign } from './foreign.ts';

/** The plugins of this executable by name. */
export type PluginTable = (name: string) => AnyPlugin | undefined;

/** What the delegator needs of its surroundings. */
export interface DelegatorOptions {
  readonly environment: Environment;
  readonly pluginNamed: PluginTable;
  /** Whether there is a regular file; symbolic links are followed. */
  isFile(file: string): boolean;
  /** Whether a file is of the very build that runs; any other is another program. */
  isSameBuild(file: string): boolean;
  readonly world: Omit<World, 'environment' | 'readStdin'>;
}

/**
 * Makes the door to other plugins: a `type` whose file is of this very build runs in this process, with an environment
 * and a configuration of its own; any other file is run. A plugin of this suite that is not installed under its own
 * name runs in this process too.
 */
export function createDelegator(options: DelegatorOptions): Delegator {
  return {
    async add(request) {
      const outcome = await call(options, { ...request, verb: 'ADD' });
      return outcome ?? {};
    },
    async run(request) {
      await call(options, request);
    },
  };
}

async function call(options: DelegatorOptions, request: DelegateRequest): Promise<Result | undefined> {
  const environment: Environment = { ...options.environment, ...request.environment, CNI_COMMAND: request.verb };
  const target = targetOf(options, request.type, environment['CNI_PATH'] ?? '');
  if (typeof target !== 'string') {
    const world = { ...options.world, environment, readStdin: async () => request.config };
    return callPlugin(target, world);
  }
  try {
    const stdout = await runForeign(target, request, environment);
    if (request.verb !== 'ADD') return undefined;
    return parseDelegateOutput(stdout, configVersion(JSON.parse(request.config))).result;
  } catch (thrown) {
    throw foreignError(thrown);
  }
}

/** The plugin where it is inside this executable, else its file. */
function targetOf(options: DelegatorOptions, type: string, path: string): AnyPlugin | string {
  const own = options.pluginNamed(type);
  try {
    const file = findPlugin(type, path, options.isFile);
    return own !== undefined && options.isSameBuild(file) ? own : file;
  } catch (thrown) {
    if (own === undefined) throw thrown;
    return own;
  }
}
