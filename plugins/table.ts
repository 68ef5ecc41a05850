import type { AnyPlugin } from '../pkg/skel/plugin.ts';
import { PLUGIN_NAMES, type PluginName } from './names.ts';

/** Loads each plugin when it is called; what is not called costs nothing. */
const LOADERS: Readonly<Record<PluginName, () => Promise<AnyPlugin>>> = {
  'host-local': async () => (await import('./host-local/host-local.ts')).hostLocal,
  loopback: async () => (await import('./loopback/loopback.ts')).loopback,
  static: async () => (await import('./static/static.ts')).staticAddresses,
};

/** The plugin of that name, or `undefined` when this executable has none. */
export function loadPlugin(name: string): Promise<AnyPlugin> | undefined {
  const known = PLUGIN_NAMES.find((candidate) => candidate === name);
  return known === undefined ? undefined : LOADERS[known]();
}
