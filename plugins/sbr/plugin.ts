import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import type { SbrConf } from './schema.ts';

/** Routes packets by where they come from: answers leave by the interface that the question came in by. */
export const sbr: Plugin<SbrConf> = {
  name: 'sbr',
  about: 'routes packets from an interface’s addresses by tables of their own',
  versions: SPEC_VERSIONS,
  configFailure: 'failed to parse config',
  config: async () => (await import('./schema.ts')).sbrSchema,
  add: async (call) => (await import('./add.ts')).add(call),
  check: async (call) => (await import('./check.ts')).check(call),
  del: async (call) => (await import('./del.ts')).del(call),
  // All that it makes is in the container and goes with it.
  async gc() {},
  status: async (call) => (await import('./status.ts')).status(call),
  plan: async (call) => (await import('./plan.ts')).plan(call),
};
