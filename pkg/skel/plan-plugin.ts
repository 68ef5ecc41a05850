import { prepareCall } from './call.ts';
import type { AnyPlugin, PlannedAdd } from './plugin.ts';
import type { World } from './world.ts';

/**
 * What an ADD by a plugin would do, after everything that the protocol has to say about the call. Nothing is done;
 * what the ADD would be refused for is thrown as a `CniError`.
 *
 * @returns `undefined` when the plugin cannot tell
 */
export async function planPlugin(plugin: AnyPlugin, world: World): Promise<PlannedAdd | undefined> {
  return (await prepareCall(plugin, world, {})).plan();
}
