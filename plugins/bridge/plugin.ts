import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import type { BridgeConf } from './schema.ts';

/** Joins containers to a bridge on the host. */
export const bridge: Plugin<BridgeConf> = {
  name: 'bridge',
  about: 'joins containers to a bridge on this host',
  versions: SPEC_VERSIONS,
  configFailure: 'failed to load netconf',
  config: async () => (await import('./schema.ts')).bridgeSchema,
  add: async (call) => (await import('./add.ts')).add(call),
  check: async (call) => (await import('./check.ts')).check(call),
  del: async (call) => (await import('../../pkg/attach/pair/del.ts')).delPair(call, 'bridge'),
  gc: async (call) => (await import('../../pkg/attach/pair/gc.ts')).gcPairs(call, 'bridge'),
  status: async (call) => (await import('./status.ts')).status(call),
  restoreRules: async (record, { environment }) =>
    (await import('../../pkg/attach/pair/restore-rules.ts')).restoreRules(record, environment),
  plan: async (call) => (await import('./plan.ts')).plan(call),
};
