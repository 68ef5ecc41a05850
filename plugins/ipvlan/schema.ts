import { boolean, int, looseObject, object, optional, type output, string } from 'zod/mini';
import { describe } from '../../pkg/config/schema.ts';
import { dnsSchema } from '../../pkg/ipam/schema.ts';

/** Schema of ipvlan's configuration. */
export const ipvlanSchema = object({
  master: describe(optional(string()), {
    text: 'the link below',
    fallback: 'the one that an earlier plugin of the list made, or that of the default route',
  }),
  mode: describe(optional(string()), { text: '"l2", "l3" or "l3s"', fallback: 'l2' }),
  mtu: describe(optional(int()), { text: 'MTU of the container’s link', fallback: '0, that of the link below' }),
  linkInContainer: describe(optional(boolean()), {
    text: 'whether the link below is in the container as well',
    fallback: 'false',
  }),
  dns: describe(optional(dnsSchema), { text: 'resolver settings; those of the IPAM plugin do not count' }),
  // The IPAM plugin reads it; here only the name of that plugin counts.
  ipam: describe(optional(looseObject({ type: optional(string()) })), {
    text: 'address management; without a type the link gets the addresses of an earlier plugin, or none',
  }),
});

/** ipvlan's configuration. */
export type IpvlanConf = output<typeof ipvlanSchema>;
