import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import { plan } from './plan.ts';
import { add, check, del, status } from './verbs.ts';

/** It has no configuration keys of its own. */
export type NoKeys = Record<string, never>;

/** Sets `lo` up in the container; it owns nothing that could be left behind. */
export const loopback: Plugin<NoKeys> = {
  name: 'loopback',
  about: 'sets the loopback interface of the container up, and down again',
  versions: SPEC_VERSIONS,
  configFailure: 'failed to parse network config',
  add,
  check,
  del,
  async gc() {},
  status,
  plan,
};
