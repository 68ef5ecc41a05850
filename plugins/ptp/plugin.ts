import { delPair } from '../../pkg/attach/pair/del.ts';
import { gcPairs } from '../../pkg/attach/pair/gc.ts';
import { restoreRules } from '../../pkg/attach/pair/restore-rules.ts';
import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import { add } from './add.ts';
import { check } from './check.ts';
import { plan } from './plan.ts';
import { type PtpConf, ptpSchema } from './schema.ts';
import { status } from './status.ts';

/** Connects containers with the host, each by a pair of its own. */
export const ptp: Plugin<PtpConf> = {
  name: 'ptp',
  about: 'connects each container with this host by a pair of links, and routes',
  versions: SPEC_VERSIONS,
  configFailure: 'failed to load netconf',
  config: ptpSchema,
  add,
  check,
  del: (call) => delPair(call, 'ptp'),
  gc: (call) => gcPairs(call, 'ptp'),
  status,
  restoreRules: (record, { environment }) => restoreRules(record, environment),
  plan,
};
