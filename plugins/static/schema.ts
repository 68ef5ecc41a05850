import { array, object, optional, type output, string } from 'zod/mini';
import { describe } from '../../pkg/config/schema.ts';
import { dnsSchema, ipsSchema, routeSchema } from '../../pkg/ipam/schema.ts';

const address = object({
  address: describe(optional(string()), { text: 'address with prefix length' }),
  gateway: describe(optional(string()), { text: 'gateway of its network' }),
});

const ipam = object({
  type: describe(optional(string()), { text: 'static' }),
  addresses: describe(optional(array(address)), { text: 'addresses for the container' }),
  routes: describe(optional(array(routeSchema)), { text: 'routes for the container' }),
  dns: describe(optional(dnsSchema), { text: 'resolver settings for the container' }),
});

/** Schema of static's configuration. */
export const staticSchema = object({
  ipam: describe(optional(ipam), { text: 'address management' }),
  runtimeConfig: optional(
    object({ ips: describe(ipsSchema, { text: 'addresses of the runtime, instead of all others' }) }),
  ),
  args: optional(
    object({
      cni: optional(object({ ips: describe(ipsSchema, { text: 'addresses instead of the configured ones' }) })),
    }),
  ),
});

/** static's configuration. */
export type StaticConf = output<typeof staticSchema>;
