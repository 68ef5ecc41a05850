import { innerPlugin } from '../../pkg/attach/inner/plugin.ts';

/** Gives containers a link with a MAC of its own on top of one of the host. */
export const macvlan = innerPlugin({
  name: 'macvlan',
  about: 'gives each container a link with a MAC of its own on top of one of this host',
  configFailure: 'failed to load netConf',
  config: async () => (await import('./schema.ts')).macvlanSchema,
  kind: async () => (await import('./macvlan.ts')).MACVLAN,
});
