import { SHARED } from '../bridge/support.ts';
import type { Host } from '../harness/host.ts';
import type { Place } from '../harness/place.ts';

/** What a network leaves for good, and the links that tests put on the host. */
export const MAY_STAY: readonly RegExp[] = SHARED;

/** A cable on a host; `lan0` is what the containers' links stand on. */
export async function plugLan(host: Place): Promise<void> {
  await host.ip('link add name lan0 address 02:00:00:00:00:10 type veth peer name lan1 address 02:00:00:00:00:11');
  // Without addresses of their own, which come when they like; at once with "up" it would be too late for the second.
  for (const link of ['lan1', 'lan0']) await host.ip(`link set dev ${link} addrgenmode none`);
  for (const link of ['lan1', 'lan0']) await host.ip(`link set dev ${link} up`);
}

/** Removes it, and with it all that stands on it. */
export function unplugLan(host: Host): Promise<string> {
  return host.ip('link del dev lan0');
}
