import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import { runDaemon } from './daemon/main.ts';
import { del, gc } from './del.ts';
import { type DhcpConf, dhcpSchema } from './schema.ts';
import { add, check, status } from './verbs.ts';

/** Gives the address that a DHCP server gives; a daemon asks for it, and prolongs it. */
export const dhcp: Plugin<DhcpConf> = {
  name: 'dhcp',
  about: 'gives the address that a DHCP server gives; `dhcp daemon` asks for it and prolongs it',
  versions: SPEC_VERSIONS,
  readsForeignConfig: true,
  configFailure: 'error obtaining socketPath: error parsing socket path conf',
  config: dhcpSchema,
  add,
  check,
  del,
  gc,
  status,
  daemon: runDaemon,
};
