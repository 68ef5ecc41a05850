import { wordSum } from '../../../pkg/addr/checksum.ts';
import { decodeFrame, encodeFrame } from '../../../pkg/dhcp/frame.ts';
import { type Lease, leaseFrom } from '../../../pkg/dhcp/lease.ts';
import { decodeMessage, encodeMessage, type Message, messageType } from '../../../pkg/dhcp/message.ts';
import { OPTION } from '../../../pkg/dhcp/options.ts';
import { routesOf } from '../../../pkg/dhcp/routes.ts';
import { GobDecoder } from '../../../pkg/gob/decode.ts';
import { GobEncoder } from '../../../pkg/gob/encode.ts';
import { toDocument } from '../../../pkg/types/document.ts';
import { CniError } from '../../../pkg/types/error.ts';
import { parseResult } from '../../../pkg/types/parse-result.ts';
import type { Result } from '../../../pkg/types/result.ts';
import { rpcResultOf } from '../../../plugins/dhcp/daemon/rpc-result.ts';
import { RESULT } from '../../../plugins/dhcp/protocol.ts';
import { readResult } from '../../../plugins/dhcp/result.ts';
import { expectSame, type Target } from './target.ts';

const MAC = Uint8Array.of(2, 0, 0, 0, 0, 1);
const four = (...bytes: readonly number[]): Uint8Array => Uint8Array.from(bytes);

const ACK: Message = {
  isReply: true,
  xid: 0x1234_5678,
  secs: 3,
  broadcast: true,
  ciaddr: new Uint8Array(4),
  yiaddr: four(10, 1, 0, 2),
  chaddr: MAC,
  options: new Map([
    [OPTION.messageType, four(5)],
    [OPTION.serverId, four(10, 1, 0, 1)],
    [OPTION.leaseTime, four(0, 0, 14, 16)],
    [OPTION.renewalTime, four(0, 0, 7, 8)],
    [OPTION.rebindingTime, four(0, 0, 12, 12)],
    [OPTION.subnetMask, four(255, 255, 255, 0)],
    [OPTION.routers, four(10, 1, 0, 1, 10, 1, 0, 3)],
    [OPTION.staticRoutes, four(192, 168, 1, 0, 10, 1, 0, 1)],
    [OPTION.classlessRoutes, four(24, 192, 168, 2, 10, 1, 0, 1, 0, 10, 1, 0, 1, 32, 10, 9, 8, 7, 0, 0, 0, 0)],
  ]),
};
const LONG: Message = {
  ...ACK,
  options: new Map([...ACK.options, [OPTION.vendorClass, new Uint8Array(700).fill(65)]]),
};
const OVERLOADED = encodeMessage({ ...ACK, options: new Map([...ACK.options, [OPTION.overload, four(3)]]) });
OVERLOADED.set([12, 1, 0x61, 255], 108);
OVERLOADED.set([12, 1, 0x62, 255], 44);

const MESSAGES: readonly [Uint8Array, ...Uint8Array[]] = [
  encodeMessage(ACK),
  encodeMessage(LONG),
  encodeMessage({ ...ACK, options: new Map([...ACK.options].filter(([code]) => code !== OPTION.classlessRoutes)) }),
  OVERLOADED,
];

const message: Target = {
  name: 'dhcp: a message, its options, the lease, its routes',
  seeds: MESSAGES,
  read(bytes) {
    const read = decodeMessage(bytes);
    if (read === undefined) return undefined;
    const { options } = read;
    // With an overload the other fields are read once more, and an end or a padding is no option.
    if (!options.has(OPTION.overload)) expectSame(decodeMessage(encodeMessage(read)), read, 'a message');
    const lease = leaseFrom(bytes, MAC, 1000);
    if (lease !== undefined) {
      const { askedAt, renewAt, rebindAt, expiresAt } = lease;
      expectSame([askedAt <= renewAt, renewAt <= rebindAt, rebindAt <= expiresAt], [true, true, true], 'the times');
    }
    return [read, messageType(read), lease, routesOf(options), lease && resultOf(lease)];
  },
};

/** A server's answer, as leases are made of. */
export const DHCP_ACK = encodeMessage(ACK);

/** As {@link encodeFrame} writes it, but from the server's port to the client's. */
function fromServer(payload: Uint8Array): Uint8Array {
  const addresses = { source: four(10, 1, 0, 1), target: four(10, 1, 0, 2) };
  const frame = encodeFrame({ sourceMac: MAC, targetMac: MAC, ...addresses }, payload);
  frame.set([0, 67, 0, 68], 34);
  return frame;
}

/** What a plugin is told of a lease, all the way; the daemon's refusal of a server's nonsense. */
function resultOf(lease: Lease): Result | string {
  const decoder = new GobDecoder();
  decoder.push(new GobEncoder().encode(RESULT, rpcResultOf(lease, 5)));
  try {
    const result = readResult(decoder.next() ?? {});
    // Whatever the server said, it is a result that a runtime can read.
    return parseResult(toDocument(result, '1.1.0'), '1.1.0');
  } catch (thrown) {
    if (thrown instanceof CniError && thrown.message === 'the DHCP daemon gave what is no address')
      return thrown.message;
    throw thrown;
  }
}

const frame: Target = {
  name: 'dhcp: a frame',
  seeds: [fromServer(DHCP_ACK), fromServer(encodeMessage(LONG)), fromServer(four(1, 2, 3))],
  read(bytes) {
    // Most changes would end at the checksum.
    const header = ((bytes[14] ?? 0) & 15) * 4;
    if ((bytes[0] ?? 0) % 2 === 0 && bytes.length >= 14 + header && header >= 20) {
      bytes.set([0, 0], 24);
      const sum = ~wordSum(bytes.subarray(14, 14 + header)) & 0xffff;
      bytes.set([sum >> 8, sum & 255], 24);
    }
    const received = decodeFrame(bytes);
    if (received === undefined) return undefined;
    expectSame(decodeFrame(fromServer(received.payload))?.payload, received.payload, 'a payload');
    return [received, decodeMessage(received.payload)];
  },
};

/** Readers of what anybody on a link may send. */
export const DHCP_TARGETS: readonly Target[] = [frame, message];
