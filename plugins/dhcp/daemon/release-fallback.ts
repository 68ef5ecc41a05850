import { giveBack } from '../../../pkg/dhcp/acquire.ts';
import type { Client, Clock } from '../../../pkg/dhcp/client.ts';
import { doorOf } from '../../../pkg/dhcp/container-link.ts';
import { hostDoor } from '../../../pkg/dhcp/way-out.ts';
import type { Held } from './stored.ts';

/** Gives a lease back through its link, else through the host's link that led to the same server. */
export async function giveHeldBack({ link, wayOut, lease }: Held, client: Client, clock: Clock): Promise<void> {
  const own = doorOf(link);
  const door = (await own.isThere()) ? own : wayOut && hostDoor(wayOut);
  if (door === undefined) throw new Error('its link is gone, and there is no other way to its server');
  await giveBack({ client, clock }, door, lease);
}
