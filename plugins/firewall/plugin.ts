import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import { add } from './add.ts';
import { check } from './check.ts';
import { del } from './del.ts';
import { gc } from './gc.ts';
import { plan } from './plan.ts';
import { restoreRules } from './restore-rules.ts';
import { type FirewallConf, firewallSchema } from './schema.ts';
import { status } from './status.ts';

/** Lets a container's packets through the host's firewall. */
export const firewall: Plugin<FirewallConf> = {
  name: 'firewall',
  about: 'lets packets of a container through the firewall of this host, and keeps networks apart',
  // As the reference: the oldest results have no interface to name a bridge by.
  versions: SPEC_VERSIONS.slice(SPEC_VERSIONS.indexOf('0.4.0')),
  configFailure: 'failed to load netconf',
  config: firewallSchema,
  add,
  check,
  del,
  gc,
  status,
  restoreRules,
  plan,
};
