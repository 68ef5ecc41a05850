import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import type { StaticConf } from './schema.ts';

/** Gives the addresses that the configuration or the runtime names; it keeps note of nothing. */
export const staticAddresses: Plugin<StaticConf> = {
  name: 'static',
  about: 'gives the addresses that the configuration or the runtime names',
  versions: SPEC_VERSIONS,
  readsForeignConfig: true,
  ignoresConfigOnDel: true,
  configFailure: 'failed to load IPAM config',
  config: async () => (await import('./schema.ts')).staticSchema,
  add: async (call) => (await import('./verbs.ts')).add(call),
  check: async (call) => (await import('./verbs.ts')).check(call),
  async del() {},
  async gc() {},
  status: async (call) => (await import('./verbs.ts')).status(call),
  plan: async (call) => ({ result: await (await import('./verbs.ts')).add(call), steps: [] }),
};
