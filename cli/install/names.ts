import { PLUGIN_NAMES } from '../../plugins/names.ts';

/** The names that an installation has in its folder. */
export const INSTALLED_NAMES: readonly string[] = ['cni', ...PLUGIN_NAMES];

/** Beside the plugins: what was there before, and how far an installation has come. No runtime looks there. */
export const ASIDE = '.cni-ts';
