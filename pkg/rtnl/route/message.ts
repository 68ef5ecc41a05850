/** Length of the header that messages about routes have, `struct rtmsg`. */
export const RTMSG_BYTES = 12;

/** Messages about routes. */
export const ROUTE = { add: 24, del: 25, get: 26 } as const;

/** Attributes of routes, `RTA_…`. */
export const RTA = { dst: 1, oif: 4, gateway: 5, priority: 6, prefsrc: 7, metrics: 8, table: 15, via: 18 } as const;

/** What a route says of the packets that take it, inside `RTA_METRICS`. */
export const RTAX = { mtu: 2, advmss: 8 } as const;

/** The table that holds the routes that people see. */
export const TABLE_MAIN = 254;

/** Scopes that `ip` chooses by itself. */
export const SCOPE = { global: 0, link: 253, host: 254, nowhere: 255 } as const;

/** Types of routes, by their number. */
export const ROUTE_TYPES = [
  'none',
  'unicast',
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
];

/** The number of the ordinary type. */
export const UNICAST = 1;

/** Who made a route, by number: `boot` is whoever did not say. */
export const PROTOCOL_BOOT = 3;

/** The gateway need not be in a network that the link is directly in. */
export const ONLINK = 0x4;
