import { addressText } from '../rtnl/address/show.ts';
import {
  type Attribute,
  type Attributes,
  attributesOf,
  bytesOf,
  FLAG,
  type Message,
  nested,
  numberOf,
  request,
} from '../rtnl/message.ts';
import { AF_INET, AF_INET6 } from '../rtnl/words.ts';
import type { Flow, Target } from './stale.ts';

/** A flow, and how the kernel described it. */
export interface TrackedFlow extends Flow {
  readonly message: Message;
}

/** Messages of the connection tracking, `IPCTNL_MSG_CT_…`, with the number of their part of netfilter. */
const CT_GET = 0x101;
const CT_DELETE = 0x102;

/** Length of the header that all messages of netfilter have, `struct nfgenmsg`. */
const NFGENMSG_BYTES = 4;

/** Attributes of a flow, `CTA_…`. */
const CTA = { original: 1, reply: 2, id: 12, zone: 18, filter: 25 } as const;
const TUPLE = { ip: 1, protocol: 2 } as const;
const IP = { v4Source: 1, v4Destination: 2, v6Source: 3, v6Destination: 4 } as const;
const PROTOCOL = { number: 1, sourcePort: 2, destinationPort: 3 } as const;
const FILTER_ORIGINAL = 1;
/** What of the original direction the kernel is to compare: protocol and destination port. */
const BY_PROTOCOL_AND_PORT = 0x8 | 0x20;

/** Says that a value is made of attributes; without it the kernel does not read a filter. */
const NESTED = 0x8000;

/** The flows of a protocol to a port. */
export type Wanted = Pick<Target, 'family' | 'protocol' | 'hostPort'>;

/** The numbers of the protocols. */
export const PROTOCOL_NUMBERS = { udp: 17, sctp: 132 } as const;

/**
 * Asks for the flows of a protocol to a port. The kernel may give more: before 5.8 it knows no filter and gives all of
 * the family, and of SCTP no kernel compares ports.
 */
export function dumpRequest({ family, protocol, hostPort }: Wanted): Uint8Array {
  const port: Attribute = [PROTOCOL.destinationPort, Uint8Array.of(hostPort >> 8, hostPort & 255)];
  const tuple = nested([[PROTOCOL.number, Uint8Array.of(PROTOCOL_NUMBERS[protocol])], port]);
  return request(CT_GET, FLAG.dump, header(family === 4 ? AF_INET : AF_INET6), [
    [CTA.original | NESTED, nested([[TUPLE.protocol | NESTED, tuple]])],
    [CTA.filter | NESTED, nested([[FILTER_ORIGINAL, Uint8Array.of(BY_PROTOCOL_AND_PORT, 0, 0, 0)]])],
  ]);
}

/** Asks for all flows of both families. */
export function wholeDumpRequest(): Uint8Array {
  return request(CT_GET, FLAG.dump, header(0), []);
}

/** Reads a flow, if it is one of a family and protocol to a port that is wanted. */
export function readFlow(
  message: Message,
  { family, protocol }: Pick<Wanted, 'family' | 'protocol'>,
  isWanted: (port: number) => boolean,
): TrackedFlow | undefined {
  const { body } = message;
  if (numberOf(body, 1) !== (family === 4 ? AF_INET : AF_INET6)) return undefined;
  const attributes = attributesOf(body, NFGENMSG_BYTES);
  const tuple = attributes.get(CTA.original);
  const reply = attributes.get(CTA.reply);
  if (tuple === undefined || reply === undefined) return undefined;
  const [original, answer] = [attributesOf(tuple, 0), attributesOf(reply, 0)];
  const sent = transportOf(original);
  // Addresses last: where the kernel does not filter, most flows are other ones.
  const port = sent.destinationPort;
  if (sent.number !== PROTOCOL_NUMBERS[protocol] || port === undefined || !isWanted(port)) return undefined;
  const destination = addressOf(original, IP.v4Destination, IP.v6Destination);
  const answeredBy = addressOf(answer, IP.v4Source, IP.v6Source);
  const answeredFrom = transportOf(answer).sourcePort;
  if (answeredFrom === undefined) return undefined;
  return { destination, port, answeredBy, answeredFrom, message };
}

/**
 * Makes the kernel forget exactly this flow. A request without an original direction would mean the whole table, so it
 * has the one that was read; with the number of the flow, a newer one between the same ends is left alone.
 */
export function deletionRequest({ message: { body } }: TrackedFlow): Uint8Array {
  const attributes = attributesOf(body, NFGENMSG_BYTES);
  const original = attributes.get(CTA.original);
  if (original === undefined) throw new Error('a flow without an original direction');
  const identity: Attribute[] = [[CTA.original | NESTED, bytesOf(original)]];
  for (const type of [CTA.id, CTA.zone]) {
    const value = attributes.get(type);
    if (value !== undefined) identity.push([type, bytesOf(value)]);
  }
  return request(CT_DELETE, FLAG.ack, header(body.getUint8(0)), identity);
}

function transportOf(tuple: Attributes) {
  const found = tuple.get(TUPLE.protocol);
  const attributes = found === undefined ? undefined : attributesOf(found, 0);
  return {
    number: numberOf(attributes?.get(PROTOCOL.number), 1),
    sourcePort: portIn(attributes?.get(PROTOCOL.sourcePort)),
    destinationPort: portIn(attributes?.get(PROTOCOL.destinationPort)),
  };
}

/** A port has its high byte first. */
function portIn(value: DataView | undefined): number | undefined {
  return value !== undefined && value.byteLength >= 2 ? value.getUint16(0) : undefined;
}

function addressOf(tuple: Attributes, v4: number, v6: number): string {
  const found = tuple.get(TUPLE.ip);
  if (found === undefined) return '';
  const attributes = attributesOf(found, 0);
  const ipv4 = attributes.get(v4);
  if (ipv4 === undefined || ipv4.byteLength !== 4) return addressText(attributes.get(v6));
  // There may be tens of thousands, and the way through one large number takes several times as long.
  return `${ipv4.getUint8(0)}.${ipv4.getUint8(1)}.${ipv4.getUint8(2)}.${ipv4.getUint8(3)}`;
}

function header(family: number): Uint8Array {
  const bytes = new Uint8Array(NFGENMSG_BYTES);
  bytes[0] = family;
  return bytes;
}
