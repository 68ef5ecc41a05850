import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import type { PortmapConf } from './schema.ts';

/** Leads ports of the host to ports of containers. */
export const portmap: Plugin<PortmapConf> = {
  name: 'portmap',
  about: 'leads ports of this host to ports of a container',
  versions: SPEC_VERSIONS,
  configFailure: 'failed to parse config',
  config: async () => (await import('./schema.ts')).portmapSchema,
  add: async (call) => (await import('./add.ts')).add(call),
  check: async (call) => (await import('./check.ts')).check(call),
  del: async (call) => (await import('./del.ts')).del(call),
  gc: async (call) => (await import('./gc.ts')).gc(call),
  status: async (call) => (await import('./status.ts')).status(call),
  restoreRules: async (record, context) => (await import('./restore-rules.ts')).restoreRules(record, context),
  plan: async (call) => (await import('./plan.ts')).plan(call),
};
