import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import type { HostDeviceConf } from './schema.ts';

/** Gives a device of the host to a container, and takes it back. */
export const hostDevice: Plugin<HostDeviceConf> = {
  name: 'host-device',
  about: 'gives a network device of this host to a container for as long as it lives',
  versions: SPEC_VERSIONS,
  configFailure: 'failed to load netconf',
  config: async () => (await import('./schema.ts')).hostDeviceSchema,
  add: async (call) => (await import('./add.ts')).add(call),
  check: async (call) => (await import('./check.ts')).check(call),
  del: async (call) => (await import('./del.ts')).del(call),
  gc: async (call) => (await import('./gc.ts')).gc(call),
  status: async (call) => (await import('./status.ts')).status(call),
  plan: async (call) => (await import('./plan.ts')).plan(call),
};
