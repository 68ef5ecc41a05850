import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import type { FirewallConf } from './schema.ts';

/** Lets a container's packets through the host's firewall. */
export const firewall: Plugin<FirewallConf> = {
  name: 'firewall',
  about: 'lets packets of a container through the firewall of this host, and keeps networks apart',
  // As the reference: the oldest results have no interface to name a bridge by.
  versions: SPEC_VERSIONS.slice(SPEC_VERSIONS.indexOf('0.4.0')),
  configFailure: 'failed to load netconf',
  config: async () => (await import('./schema.ts')).firewallSchema,
  add: async (call) => (await import('./add.ts')).add(call),
  check: async (call) => (await import('./check.ts')).check(call),
  del: async (call) => (await import('./del.ts')).del(call),
  gc: async (call) => (await import('./gc.ts')).gc(call),
  status: async (call) => (await import('./status.ts')).status(call),
  restoreRules: async (record, context) => (await import('./restore-rules.ts')).restoreRules(record, context),
  plan: async (call) => (await import('./plan.ts')).plan(call),
};
