import { boolean, int, looseObject, object, optional, type output, string } from 'zod/mini';
import { describe } from '../../pkg/config/schema.ts';
import { dnsSchema } from '../../pkg/ipam/schema.ts';

/** Schema of vlan's configuration. */
export const vlanSchema = object({
  master: describe(optional(string()), { text: 'the link below; it has to be named' }),
  vlanId: describe(optional(int()), { text: 'the VLAN, 0 to 4094', fallback: '0' }),
  mtu: describe(optional(int()), {
    text: 'MTU of the container’s link, at most that of the link below',
    fallback: '0, the same',
  }),
  linkInContainer: describe(optional(boolean()), {
    text: 'whether the link below is in the container as well',
    fallback: 'false',
  }),
  dns: describe(optional(dnsSchema), { text: 'resolver settings; those of the IPAM plugin do not count' }),
  // The IPAM plugin reads it; here only the name of that plugin counts.
  ipam: describe(optional(looseObject({ type: optional(string()) })), {
    text: 'address management; without a type there is none',
  }),
});

/** vlan's configuration. */
export type VlanConf = output<typeof vlanSchema>;
