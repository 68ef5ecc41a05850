import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import { add, plan } from './add.ts';
import { check } from './check.ts';
import { del } from './del.ts';
import { type SbrConf, sbrSchema } from './schema.ts';
import { status } from './status.ts';

/** Routes packets by where they come from: answers leave by the interface that the question came in by. */
export const sbr: Plugin<SbrConf> = {
  name: 'sbr',
  about: 'routes packets from an interface’s addresses by tables of their own',
  versions: SPEC_VERSIONS,
  configFailure: 'failed to parse config',
  config: sbrSchema,
  add,
  check,
  del,
  // All that it makes is in the container and goes with it.
  async gc() {},
  status,
  plan,
};
