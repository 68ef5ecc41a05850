import type { Client } from './client.ts';
import { BROADCAST_ADDRESS, BROADCAST_MAC, encodeFrame } from './frame.ts';
import type { Lease } from './lease.ts';
import { encodeMessage, MESSAGE, NO_ADDRESS } from './message.ts';
import { OPTION, type Options } from './options.ts';

/** The largest message that is understood: option 57. */
const MAX_SIZE = Uint8Array.of(1500 >> 8, 1500 & 0xff);

/** What is said in one message besides who says it. */
interface Said {
  readonly type: number;
  readonly xid: number;
  readonly secs?: number;
  readonly ciaddr?: Uint8Array;
  readonly options?: readonly (readonly [code: number, data: Uint8Array])[];
}

/** Is there a server? With an address that is wanted, that is asked for. */
export function discover(client: Client, xid: number, secs: number, wanted: Uint8Array | undefined): Uint8Array {
  const options = wanted === undefined ? [] : ([[OPTION.requestedAddress, wanted]] as const);
  return toAll(client, { type: MESSAGE.discover, xid, secs, options });
}

/** Takes a server's offer. */
export function request(client: Client, xid: number, secs: number, address: Uint8Array, server: Uint8Array) {
  return toAll(client, {
    type: MESSAGE.request,
    xid,
    secs,
    options: [
      [OPTION.requestedAddress, address],
      [OPTION.serverId, server],
    ],
  });
}

/** Asks to keep an address: its own server, or, when that is silent, any. */
export function renew(client: Client, xid: number, secs: number, lease: Lease, way: 'direct' | 'to server' | 'to all') {
  const said: Said = { type: MESSAGE.request, xid, secs, ciaddr: lease.address };
  if (way === 'to all') return frameOf(client, said, lease.address, BROADCAST_ADDRESS, BROADCAST_MAC);
  // Its MAC may be another one by now: whoever has its address takes it.
  const mac = way === 'direct' ? lease.serverMac : BROADCAST_MAC;
  return frameOf(client, said, lease.address, lease.server, mac);
}

/** Gives an address back; nobody answers that. */
export function release(client: Client, xid: number, lease: Pick<Lease, 'address' | 'server' | 'serverMac'>) {
  const said: Said = {
    type: MESSAGE.release,
    xid,
    ciaddr: lease.address,
    options: [[OPTION.serverId, lease.server]],
  };
  return frameOf(client, said, lease.address, lease.server, lease.serverMac);
}

function toAll(client: Client, said: Said): Uint8Array {
  return frameOf(client, said, NO_ADDRESS, BROADCAST_ADDRESS, BROADCAST_MAC);
}

function frameOf(client: Client, said: Said, source: Uint8Array, target: Uint8Array, targetMac: Uint8Array) {
  const { mac: sourceMac } = client;
  return encodeFrame({ sourceMac, targetMac, source, target }, payloadOf(client, said));
}

function payloadOf(client: Client, { type, xid, secs = 0, ciaddr = NO_ADDRESS, options = [] }: Said): Uint8Array {
  const isRelease = type === MESSAGE.release;
  const all = new Map<number, Uint8Array>(isRelease ? identifying(client.options) : client.options);
  if (!isRelease) all.set(OPTION.maxSize, MAX_SIZE);
  all.set(OPTION.messageType, Uint8Array.of(type));
  for (const [code, data] of options) all.set(code, data);
  return encodeMessage({
    isReply: false,
    xid,
    secs: Math.min(0xffff, secs),
    // Who has an address already is answered there.
    broadcast: client.broadcast && ciaddr === NO_ADDRESS,
    ciaddr,
    yiaddr: NO_ADDRESS,
    chaddr: client.mac,
    options: all,
  });
}

/** Nothing else has a meaning when an address is given back. */
function identifying(options: Options): readonly (readonly [number, Uint8Array])[] {
  const id = options.get(OPTION.clientId);
  return id === undefined ? [] : [[OPTION.clientId, id]];
}
