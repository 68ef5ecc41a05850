import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';

/** It has no configuration keys of its own. */
export type NoKeys = Record<string, never>;

const verbs = () => import('./verbs.ts');

/** Sets `lo` up in the container; it owns nothing that could be left behind. */
export const loopback: Plugin<NoKeys> = {
  name: 'loopback',
  about: 'sets the loopback interface of the container up, and down again',
  versions: SPEC_VERSIONS,
  configFailure: 'failed to parse network config',
  add: async (call) => (await verbs()).add(call),
  check: async (call) => (await verbs()).check(call),
  del: async (call) => (await verbs()).del(call),
  async gc() {},
  status: async (call) => (await verbs()).status(call),
  plan: async (call) => (await import('./plan.ts')).plan(call),
};
