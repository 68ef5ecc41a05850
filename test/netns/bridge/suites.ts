import { referencePlugins } from '../../../scripts/lib/reference.ts';
import { BUILT_PLUGINS } from '../harness/plugin.ts';

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
