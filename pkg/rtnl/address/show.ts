import { formatAddress } from '../../addr/address.ts';
import type { NativeCommand } from '../commands.ts';
import { askByNameOrNumber } from '../link/names.ts';
import { showLink, type Writable } from '../link/show.ts';
import { attributesOf, bodiesOf, bytesOf, FLAG, numberOf, request, textOf } from '../message.ts';
import type { RtnlSocket } from '../socket.ts';
import { AF_INET, AF_INET6, readName } from '../words.ts';
import { IFA, IFA_FLAG, IFADDR_BYTES, SCOPES } from './message.ts';

const RTM_GETADDR = 22;
/** Of a `struct ifa_cacheinfo`, what is read. */
const LIFETIMES_BYTES = 8;

/** What `ip -j addr show` says of an address, as far as plugins look at it. */
export interface ShownAddress {
  readonly family: 'inet' | 'inet6';
  readonly local: string;
  readonly prefixlen: number;
  readonly scope: string;
  readonly broadcast?: string;
  readonly label?: string;
  readonly tentative?: true;
  readonly dadfailed?: true;
  readonly nodad?: true;
  readonly noprefixroute?: true;
  /** Whether it ends; only then there are lifetimes, in seconds. */
  readonly dynamic?: true;
  readonly valid_life_time?: number;
  readonly preferred_life_time?: number;
}

/** `[-d] addr show dev NAME`. */
export function addressShow(words: readonly string[], details: boolean): NativeCommand | undefined {
  const name = readName(words[3]);
  if (words[2] !== 'dev' || name === undefined || words.length !== 4) return undefined;
  return (socket) => {
    const found = askByNameOrNumber(socket, name);
    if (found === undefined) return [];
    const link = showLink(socket, found, { alias: details, details });
    return [{ ...link, addr_info: showAddresses(socket, link.ifindex) }];
  };
}

/** The addresses of a link, in the order of `ip addr show`: IPv4 first. */
function showAddresses(socket: RtnlSocket, ifindex: number): ShownAddress[] {
  const header = new DataView(new ArrayBuffer(IFADDR_BYTES));
  // With strict checking on, the kernel gives this link's addresses only; one that is too old for it gives all.
  header.setUint32(4, ifindex, true);
  const found: ShownAddress[] = [];
  const answer = socket.exchange(request(RTM_GETADDR, FLAG.dump, bytesOf(header), []));
  for (const body of bodiesOf(answer, IFADDR_BYTES)) {
    const family = body.getUint8(0);
    if (body.getUint32(4, true) !== ifindex || (family !== AF_INET && family !== AF_INET6)) continue;
    found.push(shown(body, family));
  }
  return found;
}

function shown(body: DataView, family: number): ShownAddress {
  const attributes = attributesOf(body, IFADDR_BYTES);
  const broadcast = attributes.get(IFA.broadcast);
  const label = textOf(attributes.get(IFA.label));
  const flags = numberOf(attributes.get(IFA.flags), 4) ?? body.getUint8(2);
  const address: Writable<ShownAddress> = {
    family: family === AF_INET ? 'inet' : 'inet6',
    local: addressText(attributes.get(IFA.local) ?? attributes.get(IFA.address)),
    prefixlen: body.getUint8(1),
    scope: SCOPES[body.getUint8(3)] ?? `${body.getUint8(3)}`,
  };
  if (broadcast !== undefined) address.broadcast = addressText(broadcast);
  if (label !== '') address.label = label;
  if ((flags & IFA_FLAG.tentative) !== 0) address.tentative = true;
  if ((flags & IFA_FLAG.dadfailed) !== 0) address.dadfailed = true;
  if ((flags & IFA_FLAG.nodad) !== 0) address.nodad = true;
  if ((flags & IFA_FLAG.noprefixroute) !== 0) address.noprefixroute = true;
  const lifetimes = attributes.get(IFA.lifetimes);
  if ((flags & IFA_FLAG.permanent) === 0 && lifetimes !== undefined && lifetimes.byteLength >= LIFETIMES_BYTES) {
    address.dynamic = true;
    address.preferred_life_time = lifetimes.getUint32(0, true);
    address.valid_life_time = lifetimes.getUint32(4, true);
  }
  return address;
}

/** The address in an attribute. */
export function addressText(value: DataView | undefined): string {
  if (value === undefined || (value.byteLength !== 4 && value.byteLength !== 16)) return '';
  let number = 0n;
  for (const byte of bytesOf(value)) number = (number << 8n) | BigInt(byte);
  return formatAddress({ family: value.byteLength === 4 ? 4 : 6, value: number });
}
