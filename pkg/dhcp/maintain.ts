import { converse } from './acquire.ts';
import type { Door, Wire } from './client.ts';
import { Aborted, exchange, isFinal, newXid, type Talk, throwIfAborted } from './exchange.ts';
import { type Lease, leaseFrom, serverOf } from './lease.ts';
import { MESSAGE, messageType } from './message.ts';
import { addressText, sameBytes } from './options.ts';
import { renew } from './requests.ts';

/** How often is looked whether there is still somebody to keep an address for. */
const PRESENCE_MS = 5 * 60_000;
/** The shortest pause between two tries to prolong, unless there is less time for all of them. */
const MIN_PAUSE_MS = 60_000;
/** The first pause after a server has said no; each that follows is twice as long. */
const REFUSED_PAUSE_MS = 2000;
/** No phase has fewer tries than this. */
const TRIES_PER_PHASE = 4;

/** Who looks after a lease wants to know. */
export interface Keeper {
  /** It was prolonged. */
  renewed(lease: Lease): void;
  /** Whether it is still wanted; looked at before each packet and every few minutes. */
  isWanted(): boolean;
  warn(line: string): void;
}

/** How it ended: nobody needs it any more, or nobody prolonged it. */
export type End = 'unwanted' | 'expired';

/** Prolongs a lease for as long as its link is there. Throws {@link Aborted} when the signal comes. */
export async function maintain(talk: Talk, door: Door, first: Lease, keeper: Keeper): Promise<End> {
  const { clock, signal } = talk;
  let lease = first;
  for (;;) {
    while (clock.now() < lease.renewAt) {
      await clock.sleep(Math.min(lease.renewAt, clock.now() + PRESENCE_MS), signal);
      throwIfAborted(signal);
      if (!(await isKept(door, keeper))) return 'unwanted';
    }
    const outcome = await prolong(talk, door, lease, keeper);
    if (typeof outcome === 'string') return outcome;
    lease = outcome;
    keeper.renewed(lease);
  }
}

async function isKept(door: Door, keeper: Keeper): Promise<boolean> {
  return keeper.isWanted() && (await door.isThere());
}

/** From T1 to the end: first its own server, then all, each again and again. */
async function prolong(talk: Talk, door: Door, lease: Lease, keeper: Keeper): Promise<Lease | End> {
  const { clock, signal } = talk;
  // Nobody was there to prolong it in time; its server may still have it for the asking.
  if (clock.now() >= lease.expiresAt) return regain(talk, door, lease, keeper);
  let isRefused = false;
  let refusedPause = REFUSED_PAUSE_MS;
  while (clock.now() < lease.expiresAt) {
    if (!(await isKept(door, keeper))) return 'unwanted';
    const isRebinding = isRefused || clock.now() >= lease.rebindAt;
    const [from, end] = isRebinding ? [lease.rebindAt, lease.expiresAt] : [lease.renewAt, lease.rebindAt];
    try {
      const outcome = await attempt(talk, door, lease, isRefused, isRebinding, end);
      if (outcome === 'refused') {
        if (!isRefused) keeper.warn(`${addressText(lease.address)}: the server refused to prolong it`);
        isRefused = true;
      } else if (outcome !== undefined) return outcome;
    } catch (thrown) {
      if (thrown instanceof Aborted) throw thrown;
      if (isFinal(thrown)) return 'unwanted';
      keeper.warn(`${addressText(lease.address)}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
    const least = Math.min(MIN_PAUSE_MS, (end - from) / TRIES_PER_PHASE);
    const pause = isRefused ? refusedPause : Math.max((end - clock.now()) / 2, least);
    if (isRefused) refusedPause = Math.min(refusedPause * 2, talk.patience.resendMax);
    await clock.sleep(Math.min(end, clock.now() + pause), signal);
    throwIfAborted(signal);
  }
  return 'expired';
}

async function regain(talk: Talk, door: Door, lease: Lease, keeper: Keeper): Promise<Lease | End> {
  try {
    return (await anew(talk, door, lease)) ?? 'expired';
  } catch (thrown) {
    if (thrown instanceof Aborted) throw thrown;
    if (isFinal(thrown)) return 'unwanted';
    keeper.warn(`${addressText(lease.address)}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    return 'expired';
  }
}

async function anew(talk: Talk, door: Door, lease: Lease): Promise<Lease | undefined> {
  const wire = await door.open();
  try {
    return await converse(talk, wire, talk.clock.now() + talk.patience.resendTimeout, lease.address);
  } finally {
    wire.close();
  }
}

async function attempt(
  talk: Talk,
  door: Door,
  lease: Lease,
  isRefused: boolean,
  isRebinding: boolean,
  until: number,
): Promise<Lease | 'refused' | undefined> {
  const wire = await door.open();
  try {
    const said = isRefused ? undefined : await ask(talk, wire, lease, isRebinding, until);
    if (said !== undefined || !isRebinding) return said;
    // A server that has forgotten everything answers only to who begins anew; any other address is of no use here.
    return await converse(talk, wire, until, lease.address);
  } finally {
    wire.close();
  }
}

function ask(
  talk: Talk,
  wire: Wire,
  lease: Lease,
  isRebinding: boolean,
  until: number,
): Promise<Lease | 'refused' | undefined> {
  const { client, clock } = talk;
  const xid = newXid(clock);
  const toServer = (tries: number) => (tries === 0 ? 'direct' : 'to server');
  // Half of the time is for beginning anew.
  const end = isRebinding ? clock.now() + (until - clock.now()) / 2 : until;
  return exchange<Lease | 'refused'>(talk, {
    wire,
    xid,
    until: end,
    packet: (tries, secs) => renew(client, xid, secs, lease, isRebinding ? 'to all' : toServer(tries)),
    read(answer, bytes, serverMac, askedAt) {
      const server = serverOf(answer);
      const isOwn = server !== undefined && sameBytes(server, lease.server);
      if (server === undefined || !(isOwn || isRebinding)) return undefined;
      if (messageType(answer) === MESSAGE.nak) return 'refused';
      if (messageType(answer) !== MESSAGE.ack || !sameBytes(answer.yiaddr, lease.address)) return undefined;
      return leaseFrom(bytes, serverMac, askedAt);
    },
  });
}
