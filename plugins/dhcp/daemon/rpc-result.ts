import type { Lease } from '../../../pkg/dhcp/lease.ts';
import { addressesIn, OPTION } from '../../../pkg/dhcp/options.ts';
import { type LeasedRoute, routesOf } from '../../../pkg/dhcp/routes.ts';
import type { GobObject } from '../../../pkg/gob/types.ts';

/** The kernel's number for destinations on the link itself. */
const SCOPE_LINK = 253;

/** A lease as a plugin is told of it. */
export function rpcResultOf({ address, options }: Lease, priority: number): GobObject {
  const [gateway] = addressesIn(options, OPTION.routers);
  const mask = options.get(OPTION.subnetMask);
  return {
    IPs: [{ Address: { IP: address, Mask: mask }, Gateway: gateway }],
    Routes: routesOf(options).map((route) => toldRoute(route, priority)),
  };
}

function toldRoute({ destination, length, router, onLink }: LeasedRoute, priority: number): GobObject {
  const route = { Dst: { IP: destination, Mask: maskOf(length) }, GW: router, Priority: priority };
  return onLink ? { ...route, Scope: SCOPE_LINK } : route;
}

function maskOf(length: number): Uint8Array {
  const mask = new Uint8Array(4);
  for (let bit = 0; bit < length; bit++) mask[bit >> 3] = (mask[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  return mask;
}
