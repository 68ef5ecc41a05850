import { delPair } from '../../pkg/attach/pair/del.ts';
import { gcPairs } from '../../pkg/attach/pair/gc.ts';
import { restoreRules } from '../../pkg/attach/pair/restore-rules.ts';
import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import { add } from './add.ts';
import { check } from './check.ts';
import { plan } from './plan.ts';
import { type BridgeConf, bridgeSchema } from './schema.ts';
import { status } from './status.ts';

/** Joins containers to a bridge on the host. */
export const bridge: Plugin<BridgeConf> = {
  name: 'bridge',
  about: 'joins containers to a bridge on this host',
  versions: SPEC_VERSIONS,
  configFailure: 'failed to load netconf',
  config: bridgeSchema,
  add,
  check,
  del: (call) => delPair(call, 'bridge'),
  gc: (call) => gcPairs(call, 'bridge'),
  status,
  restoreRules: (record, { environment }) => restoreRules(record, environment),
  plan,
};
