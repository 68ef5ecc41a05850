import { IFADDR_BYTES } from '../address/message.ts';
import { attributesOf, bodiesOf, bytesOf, FLAG, numberOf, request, u32 } from '../message.ts';
import type { RtnlSocket } from '../socket.ts';
import { IFINFO_BYTES, IFLA } from './message.ts';
import { askByName, ifThere } from './names.ts';

const AF_INET6 = 10;
const IFLA_INET6_FLAGS = 1;
const IFLA_INET6_ADDR_GEN_MODE = 8;
const IF_RS_SENT = 0x10;
const GENERATED_FROM_MAC = 0;
const IFF_RUNNING = 0x40;
const RTM_GETMULTICAST = 58;
const IFA_MULTICAST = 7;

/** Whether a link can speak, and what it has said by itself; `ip` shows no such thing. */
export interface LinkState {
  readonly index: number;
  /** It is up for frames. */
  readonly isRunning: boolean;
  /** It has asked for routers. */
  readonly hasAskedForRouters: boolean;
  /** Its own IPv6 address is made of its MAC. */
  readonly hasEui64Address: boolean;
}

/** What a link has said; `undefined` when it is not there. */
export function linkState(socket: RtnlSocket, name: string): LinkState | undefined {
  const link = ifThere(() => askByName(socket, name));
  if (link === undefined) return undefined;
  const families = attributesOf(link, IFINFO_BYTES).get(IFLA.afSpec);
  const ipv6 = families && attributesOf(families, 0).get(AF_INET6);
  const settings = ipv6 && attributesOf(ipv6, 0);
  return {
    index: link.getInt32(4, true),
    isRunning: (link.getUint32(8, true) & IFF_RUNNING) !== 0,
    hasAskedForRouters: ((numberOf(settings?.get(IFLA_INET6_FLAGS), 4) ?? 0) & IF_RS_SENT) !== 0,
    hasEui64Address: numberOf(settings?.get(IFLA_INET6_ADDR_GEN_MODE), 1) === GENERATED_FROM_MAC,
  };
}

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
