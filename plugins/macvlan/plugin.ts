import type { Plugin } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import type { MacvlanConf } from './schema.ts';

const kind = async () => (await import('./macvlan.ts')).MACVLAN;

/** Gives containers a link with a MAC of its own on top of one of the host. */
export const macvlan: Plugin<MacvlanConf> = {
  name: 'macvlan',
  about: 'gives each container a link with a MAC of its own on top of one of this host',
  versions: SPEC_VERSIONS,
  configFailure: 'failed to load netConf',
  config: async () => (await import('./schema.ts')).macvlanSchema,
  add: async (call) => (await import('../../pkg/attach/inner/add.ts')).addInner(call, await kind()),
  check: async (call) => (await import('../../pkg/attach/inner/check.ts')).checkInner(call, await kind()),
  del: async (call) => (await import('../../pkg/attach/inner/del.ts')).delInner(call, 'macvlan'),
  gc: async (call) => (await import('../../pkg/attach/inner/gc.ts')).gcInner(call, 'macvlan'),
  status: async (call) => (await import('../../pkg/attach/inner/status.ts')).statusInner(call, await kind()),
  plan: async (call) => (await import('../../pkg/attach/inner/plan.ts')).planInner(call, await kind()),
};
