import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import { add, plan } from './add.ts';
import { check } from './check.ts';
import { del, gc } from './del.ts';
import { type BandwidthConf, bandwidthSchema } from './schema.ts';
import { status } from './status.ts';

/** Keeps a container to its rates. */
export const bandwidth: Plugin<BandwidthConf> = {
  name: 'bandwidth',
  about: 'limits how fast a container sends and receives',
  // As the reference: older results have no interfaces.
  versions: SPEC_VERSIONS.slice(SPEC_VERSIONS.indexOf('0.3.0')),
  configFailure: 'failed to parse config',
  config: bandwidthSchema,
  add,
  check,
  del,
  gc,
  status,
  plan,
};
