import { OURS, referenceSuite, type Suite } from '../bridge/suites.ts';

export { OURS, referenceSuite, type Suite };

/** The plugins that are tested here: what is true of any suite is tested with each of them. */
export const SUITES: readonly Suite[] = [OURS, await referenceSuite()];

/** The two ways to map a port. */
export const BACKENDS = ['iptables', 'nftables'] as const;

/** One of {@link BACKENDS}. */
export type Backend = (typeof BACKENDS)[number];
