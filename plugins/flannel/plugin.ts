import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import { add, plan } from './add.ts';
import { check } from './check.ts';
import { del } from './del.ts';
import { gc } from './gc.ts';
import { type FlannelConf, flannelSchema } from './schema.ts';
import { status } from './status.ts';

/** Joins containers to the part of a flannel network that flanneld gave this host, by another plugin. */
export const flannel: Plugin<FlannelConf> = {
  name: 'flannel',
  about: 'joins containers to a flannel network, by another plugin (bridge) that it configures',
  versions: SPEC_VERSIONS,
  configFailure: 'failed to load flannel netconf file: failed to load netconf',
  config: flannelSchema,
  add,
  check,
  del,
  gc,
  status,
  plan,
};
