import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import { add } from './add.ts';
import { check } from './check.ts';
import { del } from './del.ts';
import { gc } from './gc.ts';
import { plan } from './plan.ts';
import { restoreRules } from './restore-rules.ts';
import { type PortmapConf, portmapSchema } from './schema.ts';
import { status } from './status.ts';

/** Leads ports of the host to ports of containers. */
export const portmap: Plugin<PortmapConf> = {
  name: 'portmap',
  about: 'leads ports of this host to ports of a container',
  versions: SPEC_VERSIONS,
  configFailure: 'failed to parse config',
  config: portmapSchema,
  add,
  check,
  del,
  gc,
  status,
  restoreRules,
  plan,
};
