import { IFADDR_BYTES } from '../address/message.ts';
import { attributesOf, bodiesOf, bytesOf, FLAG, request, u32 } from '../message.ts';
import type { RtnlSocket } from '../socket.ts';

const RTM_GETMULTICAST = 58;
const AF_INET6 = 10;
const IFA_MULTICAST = 7;

/** The IPv6 multicast groups that a link listens to, the youngest first; `ip` shows them by a file only. */
export function linkGroups(socket: RtnlSocket, index: number): Uint8Array[] {
  const groups: Uint8Array[] = [];
  const header = Uint8Array.of(AF_INET6, 0, 0, 0, ...u32(index));
  for (const body of bodiesOf(socket.exchange(request(RTM_GETMULTICAST, FLAG.dump, header, [])), IFADDR_BYTES)) {
    const group = attributesOf(body, IFADDR_BYTES).get(IFA_MULTICAST);
    // A kernel that does not know how to look at one link only shows all.
    if (group !== undefined && body.getUint32(4, true) === index) groups.push(bytesOf(group));
  }
  return groups;
}
