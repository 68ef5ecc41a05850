import type { Door, Wire } from './client.ts';
import { exchange, isFinal, newXid, type Talk, throwIfAborted } from './exchange.ts';
import { type Lease, leaseFrom, serverOf } from './lease.ts';
import { MESSAGE, messageType, NO_ADDRESS } from './message.ts';
import { OPTION, sameBytes } from './options.ts';
import { discover, release, request } from './requests.ts';

/** Pauses between tries: four short ones, then longer and longer ones. */
const SHORT_PAUSE_MS = 2000;
const SHORT_PAUSES = 4;
const LONG_PAUSE_MS = 4000;
const PAUSE_JITTER_MS = 1000;

/** What a server offered. */
interface Offer {
  readonly address: Uint8Array;
  readonly server: Uint8Array;
  readonly serverMac: Uint8Array;
}

/**
 * Gets an address, whatever it takes within the client's patience. Whoever has not got one in the end has none at
 * the server either, as far as the server can be told.
 */
export async function acquire(talk: Talk, door: Door, warn: (line: string) => void): Promise<Lease> {
  const { clock, patience, signal } = talk;
  const until = clock.now() + patience.resendTimeout;
  let pause = LONG_PAUSE_MS;
  for (let tries = 1; ; tries += 1) {
    try {
      return withMask(talk, await onceOver(talk, door, until), door);
    } catch (thrown) {
      if (isFinal(thrown) || thrown instanceof UselessLease) throw thrown;
      warn(thrown instanceof Error ? thrown.message : String(thrown));
    }
    const base = tries <= SHORT_PAUSES ? SHORT_PAUSE_MS : pause;
    if (tries > SHORT_PAUSES && pause < patience.resendMax) pause *= 2;
    const resume = clock.now() + base + (2 * clock.random() - 1) * PAUSE_JITTER_MS;
    if (resume >= until) throw new Error('no more tries');
    await clock.sleep(resume, signal);
    throwIfAborted(signal);
  }
}

/** A lease that no container could use. */
class UselessLease extends Error {}

async function withMask(talk: Talk, lease: Lease, door: Door): Promise<Lease> {
  if (lease.options.get(OPTION.subnetMask)?.length === 4) return lease;
  await giveBack(talk, door, lease);
  throw new UselessLease('DHCP option Subnet Mask not found in DHCPACK');
}

async function onceOver(talk: Talk, door: Door, until: number): Promise<Lease> {
  const wire = await door.open();
  try {
    const lease = await converse(talk, wire, until, undefined);
    if (lease !== undefined) return lease;
    throw new Error('the server refused the address that it had offered');
  } finally {
    wire.close();
  }
}

/**
 * One conversation: who is there, and who gives an address?
 *
 * @param wanted the only address that is taken, where another would be of no use
 * @returns `undefined` when the server said no
 */
export async function converse(
  talk: Talk,
  wire: Wire,
  until: number,
  wanted: Uint8Array | undefined,
): Promise<Lease | undefined> {
  const { client, clock } = talk;
  const xid = newXid(clock);
  const offer = await exchange<Offer>(talk, {
    wire,
    xid,
    until,
    packet: (_tries, secs) => discover(client, xid, secs, wanted),
    read(answer, _bytes, serverMac) {
      const [server, address] = [serverOf(answer), answer.yiaddr];
      if (messageType(answer) !== MESSAGE.offer || server === undefined) return undefined;
      if (sameBytes(address, NO_ADDRESS) || (wanted !== undefined && !sameBytes(address, wanted))) return undefined;
      return { address, server, serverMac };
    },
  });
  if (offer === undefined) throw new Error('no matching response packet received');
  let verdict: Lease | 'refused' | undefined;
  try {
    verdict = await exchange<Lease | 'refused'>(talk, {
      wire,
      xid,
      until,
      packet: (_tries, secs) => request(client, xid, secs, offer.address, offer.server),
      read(answer, bytes, serverMac, askedAt) {
        const server = serverOf(answer);
        if (server === undefined || !sameBytes(server, offer.server)) return undefined;
        if (messageType(answer) === MESSAGE.nak) return 'refused';
        return messageType(answer) === MESSAGE.ack ? leaseFrom(bytes, serverMac, askedAt) : undefined;
      },
    });
  } finally {
    // The server may have given it, only its word was lost. One that is had already stays.
    if (verdict === undefined && wanted === undefined) wire.send(release(client, newXid(clock), offer));
  }
  if (verdict === undefined) throw new Error('no matching response packet received');
  return verdict === 'refused' ? undefined : verdict;
}

/** Tells the server that an address is free. Nobody answers that. */
export async function giveBack(talk: Pick<Talk, 'client' | 'clock'>, door: Door, lease: Lease): Promise<void> {
  const wire = await door.open();
  try {
    wire.send(release(talk.client, newXid(talk.clock), lease));
  } finally {
    wire.close();
  }
}
