import { innerPlugin } from '../../pkg/attach/inner/plugin.ts';
import { IPVLAN } from './ipvlan.ts';
import { ipvlanSchema } from './schema.ts';

/** Gives containers a link with the MAC of the one of the host that it stands on. */
export const ipvlan = innerPlugin({
  name: 'ipvlan',
  about: 'gives each container a link on top of one of this host, with the MAC of that one',
  configFailure: 'failed to load netconf',
  config: ipvlanSchema,
  kind: IPVLAN,
});
