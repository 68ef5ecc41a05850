import type { Check } from './check.ts';
import { bridges } from './checks/bridges.ts';
import { cache } from './checks/cache.ts';
import { configuration } from './checks/configuration.ts';
import { forwarding } from './checks/forwarding.ts';
import { installation } from './checks/installation.ts';
import { kernel } from './checks/kernel.ts';
import { leases } from './checks/leases.ts';
import { links } from './checks/links.ts';
import { managers } from './checks/managers.ts';
import { mtu } from './checks/mtu.ts';
import { namespaces } from './checks/namespaces.ts';
import { overlap } from './checks/overlap.ts';
import { plugins } from './checks/plugins.ts';
import { ports } from './checks/ports.ts';
import { records } from './checks/records.ts';
import { rules } from './checks/rules.ts';
import { status } from './checks/status.ts';

/** Everything that is looked at, in this order; a new check is a module beside these and a line here. */
export const CHECKS: readonly Check[] = [
  configuration,
  installation,
  plugins,
  status,
  kernel,
  forwarding,
  bridges,
  mtu,
  overlap,
  records,
  leases,
  ports,
  links,
  rules,
  namespaces,
  cache,
  managers,
];
