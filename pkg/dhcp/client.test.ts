import { beforeEach, describe, expect, test } from 'vitest';
import {
  answered,
  CLIENT,
  FakeClock,
  FakeLink,
  fromServer,
  GIVEN,
  PATIENCE,
  type Sent,
  willing,
} from '../../test/dhcp/fake.ts';
import { acquire } from './acquire.ts';
import { Aborted, type Talk } from './exchange.ts';
import type { Lease } from './lease.ts';
import { type End, type Keeper, maintain } from './maintain.ts';
import { MESSAGE, type Message } from './message.ts';
import { OPTION } from './options.ts';

let clock: FakeClock;
let link: FakeLink;
let control: AbortController;
let talk: Talk;
let lines: string[];
beforeEach(() => {
  clock = new FakeClock();
  link = new FakeLink(clock);
  control = new AbortController();
  talk = { client: CLIENT, clock, patience: PATIENCE, signal: control.signal };
  lines = [];
});

/** What became of a promise so far. */
function watch<T>(promise: Promise<T>): { value?: T; error?: unknown } {
  const seen: { value?: T; error?: unknown } = {};
  promise.then(
    (value) => {
      seen.value = value;
    },
    (error: unknown) => {
      seen.error = error;
    },
  );
  return seen;
}

const types = () => link.sent.map(({ type }) => type);
const ask = () => watch(acquire(talk, link, (line) => lines.push(line)));
const { discover, request, release, nak, offer, ack } = MESSAGE;

describe('getting an address', () => {
  test('four packets', async () => {
    link.answer = willing;
    const got = ask();
    await clock.advance(0);
    expect(got.value?.address).toEqual(GIVEN);
    expect(got.value?.expiresAt).toBe(clock.now() + 100_000);
    expect(types()).toEqual([discover, request]);
    expect(link.sent[1]?.message.options.get(OPTION.requestedAddress)).toEqual(GIVEN);
    expect(link.wires).toBe(0);
  });

  test('packets that are lost are sent again, after pauses that double', async () => {
    link.answer = (sent) => (link.sent.length < 5 ? undefined : willing(sent));
    const got = ask();
    await clock.advance(20_000);
    expect(got.value).toBeDefined();
    const from = link.sent[0]?.at ?? 0;
    expect(link.sent.slice(0, 5).map(({ at }) => at - from)).toEqual([0, 1000, 3000, 7000, 15_000]);
    expect(link.sent[4]?.message.secs).toBe(15);
  });

  test('a server that says no is asked again after a pause', async () => {
    let refusals = 2;
    link.answer = (sent) => {
      if (sent.type !== request || refusals === 0) return willing(sent);
      refusals -= 1;
      return answered(nak);
    };
    const got = ask();
    await clock.advance(4500);
    expect(got.value).toBeDefined();
    expect(types()).toEqual([discover, request, discover, request, discover, request]);
  });

  test('without a server it ends in time, in the words of the reference', async () => {
    const got = ask();
    const from = clock.now();
    await clock.advance(PATIENCE.resendTimeout - 10_000);
    expect(got.error).toBeUndefined();
    await clock.advance(10_000);
    expect(got.error).toMatchObject({ message: 'no more tries' });
    expect(link.sent.every(({ at }) => at - from <= PATIENCE.resendTimeout)).toBe(true);
    expect(lines[0]).toBe('no matching response packet received');
    expect(link.wires).toBe(0);
  });

  test('when only the last word is lost, the address is given back', async () => {
    link.answer = (sent) => (sent.type === discover ? answered(offer) : undefined);
    const got = ask();
    await clock.advance(PATIENCE.resendTimeout);
    expect(got.error).toBeDefined();
    expect(types().filter((type) => type === release)).not.toHaveLength(0);
    expect(types().at(-1)).not.toBe(request);
  });

  test('who goes away in the midst of it has given it back', async () => {
    link.answer = (sent) => (sent.type === discover ? answered(offer) : undefined);
    const got = ask();
    await clock.advance(1);
    control.abort();
    await clock.advance(1);
    expect(got.error).toBeInstanceOf(Aborted);
    expect(types()).toEqual([discover, request, release]);
    expect(link.wires).toBe(0);
  });

  test('an address without a mask is of no use', async () => {
    link.answer = (sent) => {
      const answer = willing(sent);
      return answer && { ...answer, options: new Map([...(answer.options ?? [])].filter(([code]) => code !== 1)) };
    };
    const got = ask();
    await clock.advance(1);
    expect(got.error).toMatchObject({ message: 'DHCP option Subnet Mask not found in DHCPACK' });
    expect(types().at(-1)).toBe(release);
  });

  test('answers for somebody else, of somebody else, or to something else do not count', async () => {
    const wrong: readonly ((sent: Sent) => Partial<Message>)[] = [
      ({ message }) => ({ ...answered(offer), xid: message.xid + 1 }),
      () => ({ ...answered(offer), chaddr: Uint8Array.of(2, 0, 0, 0, 0, 8) }),
      () => ({ ...answered(offer), isReply: false }),
      () => answered(ack),
      () => ({ ...answered(offer), yiaddr: new Uint8Array(4) }),
    ];
    for (const answer of wrong) {
      link.answer = answer;
      const got = ask();
      await clock.advance(3500);
      expect(got.value).toBeUndefined();
      control.abort();
      await clock.advance(1);
      expect(types()).not.toContain(request);
      control = new AbortController();
      talk = { ...talk, signal: control.signal };
    }
    link.answer = (sent) =>
      sent.type === discover ? answered(offer) : answered(ack, { [OPTION.serverId]: [10, 0, 0, 99] });
    const got = ask();
    await clock.advance(2000);
    expect(got.value).toBeUndefined();
  });
});

describe('keeping it', () => {
  let renewed: Lease[];
  let isWanted: boolean;

  async function keep(): Promise<{ value?: End; error?: unknown }> {
    link.answer = willing;
    const got = ask();
    await clock.advance(0);
    if (got.value === undefined) throw new Error('there is no lease');
    link.sent.length = 0;
    renewed = [];
    isWanted = true;
    const keeper: Keeper = {
      renewed: (lease) => renewed.push(lease),
      isWanted: () => isWanted,
      warn: (line) => lines.push(line),
    };
    return watch(maintain(talk, link, got.value, keeper));
  }

  test('at T1 its own server is asked, and nobody else', async () => {
    await keep();
    await clock.advance(49_999);
    expect(link.sent).toEqual([]);
    await clock.advance(1);
    expect(link.sent).toMatchObject([{ type: request, isDirect: true, target: '10.0.0.1' }]);
    expect(link.sent[0]?.message.ciaddr).toEqual(GIVEN);
    const { options = new Map() } = link.sent[0]?.message ?? {};
    expect([options.has(OPTION.serverId), options.has(OPTION.requestedAddress)]).toEqual([false, false]);
    expect(renewed[0]?.expiresAt).toBe(clock.now() + 100_000);
    await clock.advance(500_000);
    expect(renewed).toHaveLength(11);
    expect(link.wires).toBe(0);
  });

  test('a server that is silent is asked again, then all are, and the address is not given up before its end', async () => {
    const end = await keep();
    link.answer = () => undefined;
    await clock.advance(84_999);
    expect(link.sent.length).toBeGreaterThanOrEqual(4);
    expect(link.sent.every(({ target }) => target === '10.0.0.1')).toBe(true);
    const before = link.sent.length;
    await clock.advance(15_000);
    const later = link.sent.slice(before);
    expect(later.length).toBeGreaterThanOrEqual(3);
    expect(later.every(({ isDirect, target }) => !isDirect && target === '255.255.255.255')).toBe(true);
    expect(end.value).toBeUndefined();
    await clock.advance(1);
    expect(end.value).toBe('expired');
    expect(types()).not.toContain(release);
    expect(link.wires).toBe(0);
  });

  test('a server that comes back is found, and so is another one', async () => {
    await keep();
    link.answer = () => undefined;
    await clock.advance(86_000);
    link.answer = ({ type }) => (type === request ? answered(ack, { [OPTION.serverId]: [10, 0, 0, 2] }) : undefined);
    await clock.advance(8000);
    expect(renewed.at(-1)?.server).toEqual(Uint8Array.of(10, 0, 0, 2));
  });

  test('a server that has forgotten everything gives it anew', async () => {
    await keep();
    link.answer = (sent) => (sent.message.ciaddr.some((byte) => byte !== 0) ? undefined : willing(sent));
    await clock.advance(99_000);
    expect(renewed.length).toBeGreaterThan(0);
    expect(link.sent.find(({ type }) => type === discover)?.message.options.get(OPTION.requestedAddress)).toEqual(
      GIVEN,
    );
  });

  test('after a NAK the same address is asked for anew, another is not taken, and the end is the end', async () => {
    const end = await keep();
    const other = Uint8Array.of(10, 0, 0, 8);
    link.answer = ({ type }) => (type === discover ? { ...answered(offer), yiaddr: other } : answered(nak));
    await clock.advance(99_000);
    expect(lines).toContain('10.0.0.7: the server refused to prolong it');
    expect(types().filter((type) => type === request)).toHaveLength(1);
    expect(types().filter((type) => type === discover).length).toBeGreaterThan(2);
    await clock.advance(1000);
    expect(end.value).toBe('expired');
    expect(types()).not.toContain(release);
  });

  test('a NAK of a stranger means nothing before T2', async () => {
    await keep();
    link.answer = () => answered(nak, { [OPTION.serverId]: [10, 0, 0, 66] });
    await clock.advance(51_500);
    expect(lines).toEqual([]);
    link.answer = willing;
    await clock.advance(2000);
    expect(renewed).toHaveLength(1);
  });

  test('it ends before the next packet when the link has gone, and when nobody wants it', async () => {
    const end = await keep();
    link.isUp = false;
    await clock.advance(50_000);
    expect([end.value, link.sent]).toEqual(['unwanted', []]);
    link.isUp = true;
    const again = await keep();
    isWanted = false;
    await clock.advance(50_000);
    expect([again.value, link.sent]).toEqual(['unwanted', []]);
  });

  test('with a lease without an end that is noticed within minutes', async () => {
    link.answer = (sent) => {
      const type = sent.type === discover ? offer : ack;
      return answered(type, { [OPTION.leaseTime]: [255, 255, 255, 255] });
    };
    const got = ask();
    await clock.advance(0);
    if (got.value === undefined) throw new Error('there is no lease');
    const keeper: Keeper = { renewed: () => {}, isWanted: () => true, warn: () => {} };
    const end = watch(maintain(talk, link, got.value, keeper));
    await clock.advance(30 * 24 * 3600_000);
    expect([end.value, link.sent.length]).toEqual([undefined, 2]);
    link.isUp = false;
    await clock.advance(5 * 60_000);
    expect(end.value).toBe('unwanted');
  });

  test('hostile answers are as good as none', async () => {
    const end = await keep();
    link.answer = ({ message }) => {
      const frame = fromServer(message, answered(ack));
      frame.fill(0xff, 42 + 240);
      return frame;
    };
    await clock.advance(99_999);
    expect([end.value, renewed]).toEqual([undefined, []]);
    await clock.advance(1);
    expect(end.value).toBe('expired');
  });

  test('it ends at once when it is told to', async () => {
    const end = await keep();
    control.abort();
    await clock.advance(0);
    expect(end.error).toBeInstanceOf(Aborted);
    expect(link.wires).toBe(0);
  });

  test('nothing is sent when it is told so while the link is opened', async () => {
    const end = await keep();
    const open = link.open.bind(link);
    link.open = async () => {
      const wire = await open();
      control.abort();
      return wire;
    };
    await clock.advance(50_000);
    expect(end.error).toBeInstanceOf(Aborted);
    // A server would take it for a new lease of the address that was given back meanwhile.
    expect(link.sent).toEqual([]);
    expect(link.wires).toBe(0);
  });
});
