import { boolean, int, looseObject, object, optional, type output, string } from 'zod/mini';
import { describe } from '../../pkg/config/schema.ts';
import { dnsSchema } from '../../pkg/ipam/schema.ts';

/** Schema of macvlan's configuration. */
export const macvlanSchema = object({
  master: describe(optional(string()), { text: 'the link below', fallback: 'that of the default route' }),
  mode: describe(optional(string()), {
    text: '"bridge", "private", "vepa" or "passthru"',
    fallback: 'bridge',
  }),
  mtu: describe(optional(int()), {
    text: 'MTU of the container’s link, at most that of the link below',
    fallback: '0, the same',
  }),
  mac: describe(optional(string()), { text: 'MAC of the container’s link', fallback: 'a random one' }),
  linkInContainer: describe(optional(boolean()), {
    text: 'whether the link below is in the container as well',
    fallback: 'false',
  }),
  bcqueuelen: describe(optional(int()), {
    text: 'how many broadcast frames may wait for all links on the same one below',
    fallback: '0, the kernel’s',
  }),
  dns: describe(optional(dnsSchema), { text: 'resolver settings; those of the IPAM plugin do not count' }),
  // The IPAM plugin reads it; here only the name of that plugin counts.
  ipam: describe(optional(looseObject({ type: optional(string()) })), {
    text: 'address management; without a type there is none',
  }),
  runtimeConfig: optional(
    object({ mac: describe(optional(string()), { text: 'MAC of the container’s link that the runtime asks for' }) }),
  ),
});

/** macvlan's configuration. */
export type MacvlanConf = output<typeof macvlanSchema>;
