import type { NativeCommand } from '../commands.ts';
import { indexOf } from '../link/names.ts';
import { type Attribute, FLAG, request } from '../message.ts';
import { AF_INET, AF_INET6, readAddress, readName, readPrefix } from '../words.ts';
import { IFA, IFA_FLAG, IFADDR_BYTES } from './message.ts';

const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RT_SCOPE_HOST = 254;

/** `addr add ADDRESS/LENGTH [broadcast ADDRESS] dev NAME [nodad]`. */
export function addressAdd(words: readonly string[]): NativeCommand | undefined {
  const local = readPrefix(words[2]);
  if (local === undefined) return undefined;
  const attributes: Attribute[] = [[IFA.local, local.bytes]];
  let at = 3;
  if (words[at] === 'broadcast') {
    const broadcast = readAddress(words[at + 1]);
    if (broadcast?.family !== local.family || local.family !== AF_INET) return undefined;
    attributes.push([IFA.broadcast, broadcast.bytes]);
    at += 2;
  }
  attributes.push([IFA.address, local.bytes]);
  const name = readName(words[at + 1]);
  const nodad = words[at + 2] === 'nodad';
  if (words[at] !== 'dev' || name === undefined || words.length !== at + (nodad ? 3 : 2)) return undefined;
  // IPv4 knows nothing of duplicates, and 127.0.0.0/8 is never another machine's.
  const flags = nodad && local.family === AF_INET6 ? IFA_FLAG.nodad : 0;
  const scope = local.family === AF_INET && local.bytes[0] === 127 ? RT_SCOPE_HOST : 0;
  return (socket) => {
    const header = addressHeader(local.family, local.length, flags, scope, indexOf(socket, name));
    socket.exchange(request(RTM_NEWADDR, FLAG.create | FLAG.excl | FLAG.ack, header, attributes));
  };
}

/** `addr del ADDRESS/LENGTH dev NAME`. */
export function addressDel(words: readonly string[]): NativeCommand | undefined {
  const local = readPrefix(words[2]);
  const name = readName(words[4]);
  if (local === undefined || words[3] !== 'dev' || name === undefined || words.length !== 5) return undefined;
  return (socket) => {
    const header = addressHeader(local.family, local.length, 0, 0, indexOf(socket, name));
    const attributes: readonly Attribute[] = [
      [IFA.local, local.bytes],
      [IFA.address, local.bytes],
    ];
    socket.exchange(request(RTM_DELADDR, FLAG.ack, header, attributes));
  };
}

function addressHeader(family: number, length: number, flags: number, scope: number, ifindex: number): Uint8Array {
  const header = new Uint8Array(IFADDR_BYTES);
  header.set([family, length, flags, scope]);
  new DataView(header.buffer).setUint32(4, ifindex, true);
  return header;
}
