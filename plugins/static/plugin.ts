import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import { type StaticConf, staticSchema } from './schema.ts';
import { add, check, status } from './verbs.ts';

/** Gives the addresses that the configuration or the runtime names; it keeps note of nothing. */
export const staticAddresses: Plugin<StaticConf> = {
  name: 'static',
  about: 'gives the addresses that the configuration or the runtime names',
  versions: SPEC_VERSIONS,
  readsForeignConfig: true,
  ignoresConfigOnDel: true,
  configFailure: 'failed to load IPAM config',
  config: staticSchema,
  add,
  check,
  async del() {},
  async gc() {},
  status,
  plan: async (call) => ({ result: await add(call), steps: [] }),
};
