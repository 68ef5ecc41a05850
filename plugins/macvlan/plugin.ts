import { innerPlugin } from '../../pkg/attach/inner/plugin.ts';
import { MACVLAN } from './macvlan.ts';
import { macvlanSchema } from './schema.ts';

/** Gives containers a link with a MAC of its own on top of one of the host. */
export const macvlan = innerPlugin({
  name: 'macvlan',
  about: 'gives each container a link with a MAC of its own on top of one of this host',
  configFailure: 'failed to load netConf',
  config: macvlanSchema,
  kind: MACVLAN,
});
