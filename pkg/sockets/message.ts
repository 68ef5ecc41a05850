import { formatAddress } from '../addr/address.ts';
import { attributesOf, FLAG, type Message, numberOf, request } from '../rtnl/message.ts';
import { AF_INET, AF_INET6 } from '../rtnl/words.ts';

/** Protocols whose ports can be mapped. */
export const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const;

/** One of {@link PROTOCOLS}. */
export type Protocol = (typeof PROTOCOLS)[number];

/** A socket that takes what comes to a port. */
export interface Listener {
  readonly family: 4 | 6;
  readonly address: string;
  /** Whether it takes what comes to any address. */
  readonly isWildcard: boolean;
  /** Whether it takes IPv4 as well, as a socket of IPv6 does unless it is told not to. */
  readonly takesBoth: boolean;
  readonly port: number;
}

const SOCK_DIAG_BY_FAMILY = 20;
const REQUEST_BYTES = 56;
/** Length of `struct inet_diag_msg`, and where the parts of it are. */
const MESSAGE_BYTES = 72;
const PORT_AT = 4;
const ADDRESS_AT = 8;
const INET_DIAG_SKV6ONLY = 11;

const NUMBERS = { tcp: 6, udp: 17, sctp: 132 } as const;
const LISTENING = 1 << 10;
/** A socket of UDP that is bound and talks to nobody in particular counts as closed. */
const CLOSED = 1 << 7;

/** The families of sockets, by the kernel's numbers. */
export const FAMILIES = [AF_INET, AF_INET6] as const;

/** Asks for the sockets of a protocol that wait for whoever comes, with one port of their own or with any (0). */
export function listenersRequest(family: (typeof FAMILIES)[number], protocol: Protocol, port: number): Uint8Array {
  const header = new DataView(new ArrayBuffer(REQUEST_BYTES));
  header.setUint8(0, family);
  header.setUint8(1, NUMBERS[protocol]);
  header.setUint32(4, protocol === 'udp' ? CLOSED : LISTENING, true);
  header.setUint16(8, port);
  return request(SOCK_DIAG_BY_FAMILY, FLAG.dump, new Uint8Array(header.buffer), []);
}

/** Reads a socket, if it has one of these ports: there may be thousands that nobody has asked for. */
export function readListener(
  { body }: Message,
  ports: Pick<ReadonlyMap<number, unknown>, 'has'>,
): Listener | undefined {
  if (body.byteLength < MESSAGE_BYTES || !ports.has(body.getUint16(PORT_AT))) return undefined;
  const family = body.getUint8(0) === AF_INET ? 4 : 6;
  let value = 0n;
  for (let index = 0; index < (family === 4 ? 4 : 16); index++) {
    value = (value << 8n) | BigInt(body.getUint8(ADDRESS_AT + index));
  }
  const onlyOwn = numberOf(attributesOf(body, MESSAGE_BYTES).get(INET_DIAG_SKV6ONLY), 1) === 1;
  return {
    family,
    address: formatAddress({ family, value }),
    isWildcard: value === 0n,
    takesBoth: family === 6 && value === 0n && !onlyOwn,
    port: body.getUint16(PORT_AT),
  };
}
