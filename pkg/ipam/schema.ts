import { array, int, object, optional, string } from 'zod/mini';
import { describe } from '../config/schema.ts';

/** Schema of one route in an `ipam` section. */
export const routeSchema = object({
  dst: describe(string(), { text: 'destination, address with prefix length' }),
  gw: describe(optional(string()), { text: 'gateway', fallback: "the address's own gateway" }),
  mtu: describe(optional(int()), { text: 'path MTU' }),
  advmss: describe(optional(int()), { text: 'MSS that is advertised for it' }),
  priority: describe(optional(int()), { text: 'metric, lower ones win' }),
  table: describe(optional(int()), { text: 'routing table', fallback: 'main' }),
  scope: describe(optional(int()), { text: 'scope number', fallback: '0, universe' }),
});

/** Schema of resolver settings. */
export const dnsSchema = object({
  nameservers: describe(optional(array(string())), { text: 'addresses of name servers' }),
  domain: describe(optional(string()), { text: 'local domain' }),
  search: describe(optional(array(string())), { text: 'domains that short names are looked up in' }),
  options: describe(optional(array(string())), { text: 'resolver options' }),
});

/** Schema of one range of a range set. */
export const rangeSchema = object({
  subnet: describe(optional(string()), { text: 'network that the addresses are of, with prefix length' }),
  rangeStart: describe(optional(string()), { text: 'first address', fallback: 'the one after the network address' }),
  rangeEnd: describe(optional(string()), { text: 'last address', fallback: 'the last one a host may have' }),
  gateway: describe(optional(string()), {
    text: 'gateway, never given',
    fallback: 'the one after the network address',
  }),
  exclude: describe(optional(array(string())), { text: 'addresses and networks that are never given' }),
});

/** Schema of `args.cni.ips` and `runtimeConfig.ips`. */
export const ipsSchema = optional(array(string()));
