import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import type { HostLocalConf } from './schema.ts';

/** Gives addresses from ranges and keeps note of them in files that the reference plugin reads and writes too. */
export const hostLocal: Plugin<HostLocalConf> = {
  name: 'host-local',
  about: 'gives addresses from ranges, noted on this host',
  versions: SPEC_VERSIONS,
  readsForeignConfig: true,
  configFailure: 'failed to load IPAM config',
  config: async () => (await import('./schema.ts')).hostLocalSchema,
  add: async (call) => (await import('./add.ts')).add(call),
  check: async (call) => (await import('./check.ts')).check(call),
  del: async (call) => (await import('./del.ts')).del(call),
  gc: async (call) => (await import('./del.ts')).gc(call),
  status: async (call) => (await import('./status.ts')).status(call),
  plan: async (call) => (await import('./plan.ts')).plan(call),
};
