import { innerPlugin } from '../../pkg/attach/inner/plugin.ts';

/** Gives containers a VLAN of a link of the host. */
export const vlan = innerPlugin({
  name: 'vlan',
  about: 'gives each container a VLAN of a link of this host',
  configFailure: 'failed to load netconf',
  config: async () => (await import('./schema.ts')).vlanSchema,
  kind: async () => (await import('./vlan.ts')).VLAN,
});
