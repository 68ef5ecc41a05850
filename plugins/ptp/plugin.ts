import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import type { PtpConf } from './schema.ts';

/** Connects containers with the host, each by a pair of its own. */
export const ptp: Plugin<PtpConf> = {
  name: 'ptp',
  about: 'connects each container with this host by a pair of links, and routes',
  versions: SPEC_VERSIONS,
  configFailure: 'failed to load netconf',
  config: async () => (await import('./schema.ts')).ptpSchema,
  add: async (call) => (await import('./add.ts')).add(call),
  check: async (call) => (await import('./check.ts')).check(call),
  del: async (call) => (await import('../../pkg/attach/pair/del.ts')).delPair(call, 'ptp'),
  gc: async (call) => (await import('../../pkg/attach/pair/gc.ts')).gcPairs(call, 'ptp'),
  status: async (call) => (await import('./status.ts')).status(call),
  restoreRules: async (record, { environment }) =>
    (await import('../../pkg/attach/pair/restore-rules.ts')).restoreRules(record, environment),
  plan: async (call) => (await import('./plan.ts')).plan(call),
};
