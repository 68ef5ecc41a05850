import { formatAddress } from '../addr/address.ts';
import { attributesOf, bytesOf, FLAG, request, textOf } from './message.ts';
import type { RtnlSocket } from './socket.ts';

const RTM_GETADDR = 22;
const IFADDR_BYTES = 8;
const IFA = { address: 1, local: 2, label: 3 } as const;
const AF_INET = 2;
const AF_INET6 = 10;

const SCOPES = new Map([
  [0, 'global'],
  [200, 'site'],
  [253, 'link'],
  [254, 'host'],
  [255, 'nowhere'],
]);

/** What `ip -j addr show` says of an address, as far as plugins look at it. */
export interface ShownAddress {
  readonly family: 'inet' | 'inet6';
  readonly local: string;
  readonly prefixlen: number;
  readonly scope: string;
  readonly label?: string;
}

/** The addresses of a link, in the order of `ip addr show`: IPv4 first. */
export function showAddresses(socket: RtnlSocket, ifindex: number): ShownAddress[] {
  const header = new DataView(new ArrayBuffer(IFADDR_BYTES));
  // With strict checking on, the kernel gives this link's addresses only; one that is too old for it gives all.
  header.setUint32(4, ifindex, true);
  const found: ShownAddress[] = [];
  for (const { body } of socket.exchange(request(RTM_GETADDR, FLAG.dump, bytesOf(header), []))) {
    const family = body.getUint8(0);
    if (body.getUint32(4, true) !== ifindex || (family !== AF_INET && family !== AF_INET6)) continue;
    found.push(shown(body, family));
  }
  return found;
}

function shown(body: DataView, family: number): ShownAddress {
  const attributes = attributesOf(body, IFADDR_BYTES);
  const bytes = attributes.get(IFA.local) ?? attributes.get(IFA.address);
  const label = textOf(attributes.get(IFA.label));
  return {
    family: family === AF_INET ? 'inet' : 'inet6',
    local: bytes === undefined ? '' : addressText(bytesOf(bytes)),
    prefixlen: body.getUint8(1),
    scope: SCOPES.get(body.getUint8(3)) ?? `${body.getUint8(3)}`,
    ...(label === '' ? {} : { label }),
  };
}

function addressText(bytes: Uint8Array): string {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return formatAddress({ family: bytes.length === 4 ? 4 : 6, value });
}
