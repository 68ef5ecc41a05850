import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import { add, plan } from './add.ts';
import { check } from './check.ts';
import { del, gc } from './del.ts';
import { type TuningConf, tuningSchema } from './schema.ts';

/** Changes kernel settings and the interface of a container that another plugin has made. */
export const tuning: Plugin<TuningConf> = {
  name: 'tuning',
  about: 'changes kernel settings and the interface of a container',
  versions: SPEC_VERSIONS,
  configFailure: 'failed to load netconf',
  config: tuningSchema,
  add,
  check,
  del,
  gc,
  async status() {},
  plan,
};
