import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import type { FlannelConf } from './schema.ts';

/** Joins containers to the part of a flannel network that flanneld gave this host, by another plugin. */
export const flannel: Plugin<FlannelConf> = {
  name: 'flannel',
  about: 'joins containers to a flannel network, by another plugin (bridge) that it configures',
  versions: SPEC_VERSIONS,
  configFailure: 'failed to load flannel netconf file: failed to load netconf',
  config: async () => (await import('./schema.ts')).flannelSchema,
  add: async (call) => (await import('./add.ts')).add(call),
  check: async (call) => (await import('./check.ts')).check(call),
  del: async (call) => (await import('./del.ts')).del(call),
  gc: async (call) => (await import('./gc.ts')).gc(call),
  status: async (call) => (await import('./status.ts')).status(call),
  plan: async (call) => (await import('./plan.ts')).plan(call),
};
