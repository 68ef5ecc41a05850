import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import type { TuningConf } from './schema.ts';

/** Changes kernel settings and the interface of a container that another plugin has made. */
export const tuning: Plugin<TuningConf> = {
  name: 'tuning',
  about: 'changes kernel settings and the interface of a container',
  versions: SPEC_VERSIONS,
  configFailure: 'failed to load netconf',
  config: async () => (await import('./schema.ts')).tuningSchema,
  add: async (call) => (await import('./add.ts')).add(call),
  check: async (call) => (await import('./check.ts')).check(call),
  del: async (call) => (await import('./del.ts')).del(call),
  gc: async (call) => (await import('./gc.ts')).gc(call),
  async status() {},
  plan: async (call) => (await import('./plan.ts')).plan(call),
};
