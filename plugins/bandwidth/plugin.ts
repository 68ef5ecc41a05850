import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import type { BandwidthConf } from './schema.ts';

/** Keeps a container to its rates. */
export const bandwidth: Plugin<BandwidthConf> = {
  name: 'bandwidth',
  about: 'limits how fast a container sends and receives',
  // As the reference: older results have no interfaces.
  versions: SPEC_VERSIONS.slice(SPEC_VERSIONS.indexOf('0.3.0')),
  configFailure: 'failed to parse config',
  config: async () => (await import('./schema.ts')).bandwidthSchema,
  add: async (call) => (await import('./add.ts')).add(call),
  check: async (call) => (await import('./check.ts')).check(call),
  del: async (call) => (await import('./del.ts')).del(call),
  gc: async (call) => (await import('./gc.ts')).gc(call),
  status: async (call) => (await import('./status.ts')).status(call),
  plan: async (call) => (await import('./plan.ts')).plan(call),
};
