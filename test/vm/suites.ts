import { referencePlugins } from '../../scripts/lib/reference.ts';
import { BUILT_PLUGINS } from '../netns/harness/plugin.ts';

/** The suites that have to behave alike: what a test calls them, and the folders of CNI_PATH. */
export const SUITES: readonly (readonly [name: string, path: readonly string[]])[] = [
  ['the reference plugins', [await referencePlugins()]],
  ['this suite', [BUILT_PLUGINS]],
];
