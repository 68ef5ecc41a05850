import { referenceSuite, type Suite } from '../bridge/suites.ts';

/** The plugins that are tested here: every test is run with each of them. */
export const SUITES: readonly Suite[] = [await referenceSuite()];

/** The two ways to map a port. */
export const BACKENDS = ['iptables', 'nftables'] as const;

/** One of {@link BACKENDS}. */
export type Backend = (typeof BACKENDS)[number];
