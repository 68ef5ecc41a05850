import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import { add, plan } from './add.ts';
import { check } from './check.ts';
import { del, gc } from './del.ts';
import { type TapConf, tapSchema } from './schema.ts';
import { status } from './status.ts';

/** Makes tap devices for programs in containers. */
export const tap: Plugin<TapConf> = {
  name: 'tap',
  about: 'makes a tap device in a container, for a program such as a virtual machine to open',
  versions: SPEC_VERSIONS,
  configFailure: 'failed to load netconf',
  config: tapSchema,
  add,
  check,
  del,
  gc,
  status,
  plan,
};
