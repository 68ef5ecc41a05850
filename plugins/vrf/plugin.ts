import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import type { VrfConf } from './schema.ts';

/** Puts a container's interface into a VRF, a routing of its own. */
export const vrf: Plugin<VrfConf> = {
  name: 'vrf',
  about: 'puts an interface of a container into a VRF',
  // As the reference.
  versions: SPEC_VERSIONS.slice(SPEC_VERSIONS.indexOf('0.3.1')),
  configFailure: 'failed to load netconf',
  config: async () => (await import('./schema.ts')).vrfSchema,
  add: async (call) => (await import('./add.ts')).add(call),
  check: async (call) => (await import('./check.ts')).check(call),
  del: async (call) => (await import('./del.ts')).del(call),
  // All that it makes is in the container and goes with it.
  async gc() {},
  status: async (call) => (await import('./status.ts')).status(call),
  plan: async (call) => (await import('./plan.ts')).plan(call),
};
