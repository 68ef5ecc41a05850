import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import { add, plan } from './add.ts';
import { check } from './check.ts';
import { del } from './del.ts';
import { type VrfConf, vrfSchema } from './schema.ts';
import { status } from './status.ts';

/** Puts a container's interface into a VRF, a routing of its own. */
export const vrf: Plugin<VrfConf> = {
  name: 'vrf',
  about: 'puts an interface of a container into a VRF',
  // As the reference.
  versions: SPEC_VERSIONS.slice(SPEC_VERSIONS.indexOf('0.3.1')),
  configFailure: 'failed to load netconf',
  config: vrfSchema,
  add,
  check,
  del,
  // All that it makes is in the container and goes with it.
  async gc() {},
  status,
  plan,
};
