import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import { add, plan } from './add.ts';
import { check } from './check.ts';
import { del, gc } from './del.ts';
import { type HostDeviceConf, hostDeviceSchema } from './schema.ts';
import { status } from './status.ts';

/** Gives a device of the host to a container, and takes it back. */
export const hostDevice: Plugin<HostDeviceConf> = {
  name: 'host-device',
  about: 'gives a network device of this host to a container for as long as it lives',
  versions: SPEC_VERSIONS,
  configFailure: 'failed to load netconf',
  config: hostDeviceSchema,
  add,
  check,
  del,
  gc,
  status,
  plan,
};
