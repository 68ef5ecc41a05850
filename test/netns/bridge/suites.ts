import { referencePlugins } from '../../../scripts/lib/reference.ts';
import { BUILT_PLUGINS, type PluginOutcome } from '../harness/plugin.ts';

/** A folder of plugins: this suite or the reference. */
export interface Suite {
  readonly name: 'ours' | 'reference';
  readonly folder: string;
}

/** This suite, as built. */
export const OURS: Suite = { name: 'ours', folder: BUILT_PLUGINS };

/** The reference, as Debian packages it. */
export async function referenceSuite(): Promise<Suite> {
  return { name: 'reference', folder: await referencePlugins() };
}

/**
 * The reference reads a message of iptables 1.8.9 as a failure, after everything is removed. Nobody but the reference
 * says what it was `running`.
 */
export function isMisreading({ error }: PluginOutcome): boolean {
  return /running \[\S*ip6?tables .*Chain 'CNI-\w+' does not exist/s.test(error?.msg ?? '');
}
