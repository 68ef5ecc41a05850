import { describe, expect, test } from 'vitest';
import type { Libc } from '../sys/libc.ts';
import { type Attribute, request, setNumber, textBytes } from './message.ts';
import { RtnlError, RtnlSocket } from './socket.ts';

const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const MULTI = 0x2;

/** A datagram, and the number that it has; without one it has that of the request that was sent last. */
type Datagram = Uint8Array | { readonly bytes: Uint8Array; readonly number: number };

/** A C library whose kernel gives the prepared datagrams, one for each receive. */
function libcWith(datagrams: readonly Datagram[]): { libc: Libc; sent: Uint8Array[] } {
  const waiting = [...datagrams];
  const sent: Uint8Array[] = [];
  const unused = (): never => {
    throw new Error('not part of this test');
  };
  const libc: Libc = {
    setns: unused,
    open: unused,
    close() {},
    read: unused,
    statusOf: unused,
    status: unused,
    fileSystem: unused,
    ioctl: unused,
    flock: unused,
    makeRoom: unused,
    newsSocket: unused,
    random: (buffer) => void buffer.fill(0xff),
    netlinkSocket: unused,
    openInThread: unused,
    sendInThread: unused,
    sendByChild(_fd, bytes) {
      sent.push(bytes.slice());
      return () => {};
    },
    routeSocket: () => 7,
    send: (_fd, bytes) => void sent.push(bytes.slice()),
    receive(_fd, buffer) {
      const datagram = waiting.shift();
      if (datagram === undefined) throw new Error('the kernel has nothing more to say');
      const bytes = datagram instanceof Uint8Array ? datagram.slice() : datagram.bytes.slice();
      setNumber(bytes, datagram instanceof Uint8Array ? numberOf(sent.at(-1)) : datagram.number);
      buffer.set(bytes.subarray(0, buffer.length));
      return bytes.length;
    },
  };
  return { libc, sent };
}

/** The number of a request. */
function numberOf(request: Uint8Array | undefined): number {
  return request === undefined ? 0 : new DataView(request.buffer).getUint32(8, true);
}

/** A message as the kernel writes it: like a request, but without that flag. */
function message(type: number, flags: number, body: readonly number[], attributes: readonly Attribute[] = []) {
  const bytes = request(type, 0, Uint8Array.from(body), attributes);
  new DataView(bytes.buffer).setUint16(6, flags, true);
  return bytes;
}

function errorOf(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (thrown) {
    return thrown;
  }
}

const question = request(18, 0, new Uint8Array(16), []);
const repeatedHeader = [...question.subarray(0, 16)];

describe('a deletion', () => {
  const deletion = () => request(17, 0, new Uint8Array(16), []);
  const news = message(17, 0, [0]);
  const yes = message(NLMSG_ERROR, 0x100, [0, 0, 0, 0, ...repeatedHeader]);
  /** The number that the next request will have. */
  const next = () => {
    const { libc, sent } = libcWith([yes]);
    new RtnlSocket(libc).exchange(question);
    return numberOf(sent[0]) + 1;
  };

  test('is over with the news of it, and its late answer is nobody else’s', () => {
    const first = next();
    const late = (number: number) => ({ bytes: yes, number });
    const { libc, sent } = libcWith([
      news,
      late(first),
      message(16, 0, [1]),
      news,
      late(first + 2),
      message(20, 0, [2]),
    ]);
    const socket = new RtnlSocket(libc);
    socket.exchangeByChild(deletion());
    expect(socket.exchange(question).map(({ type }) => type)).toEqual([16]);
    socket.exchangeByChild(deletion());
    expect(socket.exchange(question).map(({ type }) => type)).toEqual([20]);
    expect(sent.map(numberOf)).toEqual([first, first + 1, first + 2, first + 3]);
  });

  test('is over with its answer where there is no news', () => {
    const socket = new RtnlSocket(libcWith([yes, message(16, 0, [1])]).libc);
    socket.exchangeByChild(deletion());
    expect(socket.exchange(question)).toHaveLength(1);
  });

  test('does not take the late answer to the one before for its own', () => {
    const refused = message(NLMSG_ERROR, 0x100, [0xed, 0xff, 0xff, 0xff, ...repeatedHeader]);
    const socket = new RtnlSocket(libcWith([news, { bytes: yes, number: next() }, refused]).libc);
    socket.exchangeByChild(deletion());
    expect(errorOf(() => socket.exchangeByChild(deletion()))).toMatchObject({ code: 'ENODEV' });
  });
});

describe('RtnlSocket', () => {
  test('an answer of one message', () => {
    const socket = new RtnlSocket(libcWith([message(16, 0, [1, 2, 3, 4])]).libc);
    expect(socket.exchange(question).map(({ type }) => type)).toEqual([16]);
  });

  test('a yes without content', () => {
    const socket = new RtnlSocket(libcWith([message(NLMSG_ERROR, 0x100, [0, 0, 0, 0, ...repeatedHeader])]).libc);
    expect(socket.exchange(question)).toEqual([]);
  });

  test('a refusal has the name of its error', () => {
    const refusal = message(NLMSG_ERROR, 0x100, [0xed, 0xff, 0xff, 0xff, ...repeatedHeader]);
    const error = errorOf(() => new RtnlSocket(libcWith([refusal]).libc).exchange(question));
    expect(error).toBeInstanceOf(RtnlError);
    expect(error).toMatchObject({ code: 'ENODEV', message: 'no such device' });
  });

  test('a refusal that the kernel explains has its words, whether the request is repeated whole or not', () => {
    const explanation: Attribute = [1, textBytes('Device name too short')];
    const capped = message(NLMSG_ERROR, 0x300, [0xea, 0xff, 0xff, 0xff, ...repeatedHeader], [explanation]);
    const whole = message(NLMSG_ERROR, 0x200, [0xea, 0xff, 0xff, 0xff, ...question], [explanation]);
    for (const refusal of [capped, whole]) {
      const error = errorOf(() => new RtnlSocket(libcWith([refusal]).libc).exchange(question));
      expect(error).toMatchObject({ code: 'EINVAL', message: 'Device name too short' });
    }
  });

  test('an answer that is cut off is a refusal, or has no explanation', () => {
    const nothing = message(NLMSG_ERROR, 0x100, []);
    expect(errorOf(() => new RtnlSocket(libcWith([nothing]).libc).exchange(question))).toMatchObject({
      code: 'EBADMSG',
    });
    for (const repeated of [[], [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]) {
      const refusal = message(NLMSG_ERROR, 0x200, [0xea, 0xff, 0xff, 0xff, ...repeated]);
      const error = errorOf(() => new RtnlSocket(libcWith([refusal]).libc).exchange(question));
      expect(error).toMatchObject({ code: 'EINVAL', message: 'invalid argument' });
    }
  });

  test('a dump goes on to its end over several datagrams', () => {
    const parts = [message(20, MULTI, [1]), message(20, MULTI, [2]), message(NLMSG_DONE, MULTI, [0, 0, 0, 0])];
    expect(new RtnlSocket(libcWith(parts).libc).exchange(question)).toHaveLength(2);
  });

  test('a dump that the kernel breaks off is a refusal', () => {
    const explanation: Attribute = [1, textBytes('FIB table does not exist.')];
    const end = message(NLMSG_DONE, MULTI | 0x200, [0xfe, 0xff, 0xff, 0xff], [explanation]);
    const error = errorOf(() => new RtnlSocket(libcWith([message(24, MULTI, [1]), end]).libc).exchange(question));
    expect(error).toMatchObject({ code: 'ENOENT', message: 'FIB table does not exist' });
  });

  test('a dump that was overtaken by a change is asked for again', () => {
    const overtaken = [message(20, MULTI | 0x10, [1]), message(NLMSG_DONE, MULTI, [0, 0, 0, 0])];
    const whole = [message(20, MULTI, [1]), message(20, MULTI, [2]), message(NLMSG_DONE, MULTI, [0, 0, 0, 0])];
    const { libc, sent } = libcWith([...overtaken, ...whole]);
    expect(new RtnlSocket(libc).exchange(question)).toHaveLength(2);
    expect(sent).toHaveLength(2);
    const always = libcWith(Array.from({ length: 20 }, () => overtaken).flat());
    expect(() => new RtnlSocket(always.libc).exchange(question)).toThrow('interrupted');
    expect(always.sent).toHaveLength(5);
  });
});

describe('an answer', () => {
  const altnames = (count: number): Attribute => [52, new Uint8Array(count * 132)];
  const link = (count: number) => message(16, 0, [1], Array(count / 100).fill(altnames(100)));

  test('with the number of another request is not an answer to this one', () => {
    const forged = message(NLMSG_ERROR, 0x100, [0xed, 0xff, 0xff, 0xff, ...repeatedHeader]);
    const { libc } = libcWith([{ bytes: forged, number: 0 }, { bytes: forged, number: 1 }, message(16, 0, [1])]);
    expect(new RtnlSocket(libc).exchange(question)).toHaveLength(1);
  });

  test('that does not fit is asked for again, with room for it', () => {
    const { libc, sent } = libcWith([link(400), link(400)]);
    const [answer] = new RtnlSocket(libc).exchange(question);
    expect(answer?.body.byteLength).toBeGreaterThan(400 * 132);
    expect(sent).toHaveLength(2);
  });

  test('that grows each time is given up', () => {
    const { libc, sent } = libcWith([300, 500, 1000, 2000, 4000, 8000].map(link));
    const error = errorOf(() => new RtnlSocket(libc).exchange(question));
    expect(error).toBeInstanceOf(RtnlError);
    expect(error).toMatchObject({ code: 'EINTR', message: 'the answer is longer than expected' });
    expect(sent).toHaveLength(5);
  });

  test('that is longer than anything the kernel says is refused at once', () => {
    const { libc, sent } = libcWith([message(16, 0, [1], Array(40).fill(altnames(400)))]);
    expect(errorOf(() => new RtnlSocket(libc).exchange(question))).toMatchObject({ code: 'EMSGSIZE' });
    expect(sent).toHaveLength(1);
  });

  test('in a dump that does not fit is heard to its end before the dump is asked for again', () => {
    const parts = [message(16, MULTI, [1]), message(16, MULTI, [2], [altnames(400)])];
    const dump = [...parts, message(NLMSG_DONE, MULTI, [0, 0, 0, 0])];
    const { libc, sent } = libcWith([...dump, ...dump]);
    expect(new RtnlSocket(libc).exchange(question)).toHaveLength(2);
    expect(sent).toHaveLength(2);
  });

  test('about what is in a container is not read without end', () => {
    const part = message(16, MULTI, [1], [altnames(200)]);
    const { libc } = libcWith(Array(100).fill(part));
    const socket = new RtnlSocket(libc, 7, new Uint8Array(32_768), 1_000_000);
    expect(errorOf(() => socket.exchange(question))).toMatchObject({ code: 'EMSGSIZE' });
  });

  test('about what is in a container is not asked for without end', () => {
    const overtaken = [message(20, MULTI | 0x10, [1], [altnames(200)]), message(NLMSG_DONE, MULTI, [0, 0, 0, 0])];
    const { libc, sent } = libcWith(Array(20).fill(overtaken).flat());
    const socket = new RtnlSocket(libc, 7, new Uint8Array(32_768), 70_000);
    expect(errorOf(() => socket.exchange(question))).toMatchObject({ code: 'EMSGSIZE' });
    expect(sent).toHaveLength(3);
  });
});

describe('what is found in a dump', () => {
  const part = (type: number, name: string) => message(type, MULTI, [0], [[1, textBytes(name)]]);
  const end = message(NLMSG_DONE, MULTI, [0, 0, 0, 0]);
  const isOf = (wanted: number) => (found: { readonly type: number }) => found.type === wanted;

  test.each([
    ['spent, when there is more behind it', part(22, 'three'), true],
    ['good for more, when it was the last', end, false],
  ])('leaves the socket %s', (_, behind, isSpent) => {
    const { libc, sent } = libcWith([part(20, 'one'), part(21, 'two'), behind, part(20, 'one'), end]);
    const socket = RtnlSocket.forFinding(libc, 7);
    expect(socket.find(question, undefined, isOf(21))?.type).toBe(21);
    expect(socket.isSpent).toBe(isSpent);
    if (!isSpent) expect(socket.find(question, undefined, isOf(20))?.type).toBe(20);
    expect(sent).toHaveLength(isSpent ? 1 : 2);
  });

  test('mentions the text, if there is one', () => {
    const { libc } = libcWith([part(20, 'one'), part(20, 'two'), end]);
    const found = new RtnlSocket(libc).find(question, 'two', isOf(20));
    expect(Buffer.from(found?.body.buffer ?? new ArrayBuffer(0)).includes('two')).toBe(true);
  });

  test('is nothing when the dump has come to its end', () => {
    const { libc } = libcWith([part(20, 'one'), end]);
    const socket = new RtnlSocket(libc);
    expect(socket.find(question, undefined, isOf(21))).toBeUndefined();
    expect(socket.isSpent).toBe(false);
  });

  test('is looked for again when the dump was interrupted', () => {
    const interrupted = message(20, MULTI | 0x10, [0], [[1, textBytes('one')]]);
    const { libc, sent } = libcWith([interrupted, end, part(21, 'two'), end]);
    expect(new RtnlSocket(libc).find(question, undefined, isOf(21))?.type).toBe(21);
    expect(sent).toHaveLength(2);
  });
});
