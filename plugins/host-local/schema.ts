import { array, boolean, object, optional, type output, string } from 'zod/mini';
import { describe } from '../../pkg/config/schema.ts';
import { ipsSchema, rangeSchema, routeSchema } from '../../pkg/ipam/schema.ts';

const rangeSets = array(array(rangeSchema));

// Wrapped once more, because the keys of a range have descriptions of their own.
const ipam = object({
  type: describe(optional(string()), { text: 'host-local' }),
  ranges: describe(optional(rangeSets), { text: 'range sets: an attachment gets one address from each' }),
  subnet: describe(optional(rangeSchema.shape.subnet), {
    text: 'older spelling of a range set of its own, the first one',
  }),
  rangeStart: describe(optional(rangeSchema.shape.rangeStart), { text: 'belongs to "subnet"' }),
  rangeEnd: describe(optional(rangeSchema.shape.rangeEnd), { text: 'belongs to "subnet"' }),
  gateway: describe(optional(rangeSchema.shape.gateway), { text: 'belongs to "subnet"' }),
  exclude: describe(optional(rangeSchema.shape.exclude), { text: 'belongs to "subnet"' }),
  routes: describe(optional(array(routeSchema)), { text: 'routes for the container' }),
  dataDir: describe(optional(string()), { text: 'folder of the leases', fallback: '/var/lib/cni/networks' }),
  resolvConf: describe(optional(string()), { text: 'resolv.conf file that the resolver settings are read from' }),
  reclaim: describe(optional(boolean()), {
    text: 'whether leases whose container is proven dead are taken when a range is full',
    fallback: 'true',
  }),
  sticky: describe(optional(boolean()), {
    text: 'whether a pod of the same namespace and name gets its last address back when it is free',
    fallback: 'false',
  }),
  statusWhenFull: describe(optional(boolean()), {
    text: 'whether STATUS fails with code 50 when a range is full; Kubernetes then evicts the healthy pods too',
    fallback: 'false',
  }),
});

/** Schema of host-local's configuration. */
export const hostLocalSchema = object({
  ipam: describe(optional(ipam), { text: 'address management' }),
  runtimeConfig: optional(
    object({
      ipRanges: describe(optional(rangeSets), { text: 'range sets that the runtime puts first' }),
      ips: describe(ipsSchema, { text: 'addresses that the runtime asks for' }),
    }),
  ),
  args: optional(
    object({
      cni: optional(object({ ips: describe(ipsSchema, { text: 'addresses that are asked for' }) })),
    }),
  ),
});

/** host-local's configuration. */
export type HostLocalConf = output<typeof hostLocalSchema>;
