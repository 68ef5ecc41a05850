import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import { add } from './add.ts';
import { check } from './check.ts';
import { del, gc } from './del.ts';
import { plan } from './plan.ts';
import { type HostLocalConf, hostLocalSchema } from './schema.ts';
import { status } from './status.ts';

/** Gives addresses from ranges and keeps note of them in files that the reference plugin reads and writes too. */
export const hostLocal: Plugin<HostLocalConf> = {
  name: 'host-local',
  about: 'gives addresses from ranges, noted on this host',
  versions: SPEC_VERSIONS,
  readsForeignConfig: true,
  configFailure: 'failed to load IPAM config',
  config: hostLocalSchema,
  add,
  check,
  del,
  gc,
  status,
  plan,
};
