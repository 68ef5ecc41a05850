import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import type { TapConf } from './schema.ts';

/** Makes tap devices for programs in containers. */
export const tap: Plugin<TapConf> = {
  name: 'tap',
  about: 'makes a tap device in a container, for a program such as a virtual machine to open',
  versions: SPEC_VERSIONS,
  configFailure: 'failed to load netconf',
  config: async () => (await import('./schema.ts')).tapSchema,
  add: async (call) => (await import('./add.ts')).add(call),
  check: async (call) => (await import('./check.ts')).check(call),
  del: async (call) => (await import('./del.ts')).del(call),
  gc: async (call) => (await import('./gc.ts')).gc(call),
  status: async (call) => (await import('./status.ts')).status(call),
  plan: async (call) => (await import('./plan.ts')).plan(call),
};
