import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import type { DhcpConf } from './schema.ts';

/** Gives the address that a DHCP server gives; a daemon asks for it, and prolongs it. */
export const dhcp: Plugin<DhcpConf> = {
  name: 'dhcp',
  about: 'gives the address that a DHCP server gives; `dhcp daemon` asks for it and prolongs it',
  versions: SPEC_VERSIONS,
  readsForeignConfig: true,
  configFailure: 'error obtaining socketPath: error parsing socket path conf',
  config: async () => (await import('./schema.ts')).dhcpSchema,
  add: async (call) => (await import('./verbs.ts')).add(call),
  check: async (call) => (await import('./verbs.ts')).check(call),
  del: async (call) => (await import('./del.ts')).del(call),
  gc: async (call) => (await import('./del.ts')).gc(call),
  status: async (call) => (await import('./verbs.ts')).status(call),
  daemon: async (argv) => (await import('./daemon/main.ts')).runDaemon(argv),
};
