import { innerPlugin } from '../../pkg/attach/inner/plugin.ts';
import { vlanSchema } from './schema.ts';
import { VLAN } from './vlan.ts';

/** Gives containers a VLAN of a link of the host. */
export const vlan = innerPlugin({
  name: 'vlan',
  about: 'gives each container a VLAN of a link of this host',
  configFailure: 'failed to load netconf',
  config: vlanSchema,
  kind: VLAN,
});
