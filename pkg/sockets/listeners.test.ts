import { describe, expect, test } from 'vitest';
import type { Message } from '../rtnl/message.ts';
import { RtnlError } from '../rtnl/socket.ts';
import { listenersAmong, listenersOn, type MappedPort } from './listeners.ts';

/** A socket as the kernel describes it: family, port, address, and for IPv6 whether it takes nothing else. */
function socket(family: 2 | 10, port: number, address: readonly number[], only = false): Message {
  const bytes = new Uint8Array(family === 2 ? 72 : 80);
  bytes.set([family, 10, 0, 0, port >> 8, port & 255, 0, 0, ...address]);
  if (family === 10) bytes.set([5, 0, 11, 0, only ? 1 : 0], 72);
  return { type: 20, flags: 2, number: 0, body: new DataView(bytes.buffer) };
}

const ANY = Array<number>(16).fill(0);

/** A kernel with these sockets of TCP and, of every other protocol, nothing to say. */
function kernel(sockets: readonly Message[]) {
  const asked: Uint8Array[] = [];
  const exchange = (question: Uint8Array): Message[] => {
    asked.push(question);
    if (question[17] !== 6) throw new RtnlError(-2, '');
    return sockets.filter(({ body }) => body.getUint8(0) === question[16]);
  };
  return { exchange, asked };
}

function tcp(port: number, hostIp?: string): MappedPort {
  return { protocol: 'tcp', port, ...(hostIp === undefined ? {} : { hostIp }) };
}

test('one question for each family, with the port when it is the only one', () => {
  const { exchange, asked } = kernel([]);
  expect(listenersAmong({ exchange }, [tcp(8080), tcp(8080, '192.0.2.1')])).toEqual([]);
  expect(listenersAmong({ exchange }, [tcp(8080), tcp(8081)])).toEqual([]);
  // Family, protocol, then the states: only those that listen; then the port.
  const question = (family: number, port: readonly number[]) => [family, 6, 0, 0, 0, 4, 0, 0, ...port];
  expect(asked.map((bytes) => [...bytes.subarray(16, 26)])).toEqual([
    question(2, [0x1f, 0x90]),
    question(10, [0x1f, 0x90]),
    question(2, [0, 0]),
    question(10, [0, 0]),
  ]);
  expect(asked[0]).toHaveLength(72);
});

test('sockets of other ports are not meant', () => {
  const { exchange } = kernel([socket(2, 8080, [0, 0, 0, 0]), socket(2, 22, [0, 0, 0, 0]), socket(10, 8081, ANY)]);
  expect(listenersAmong({ exchange }, [tcp(8080), tcp(8081)])).toEqual(['tcp 0.0.0.0:8080', 'tcp [::]:8081']);
});

test('two sockets that share a port are one', () => {
  const { exchange } = kernel([socket(2, 80, [127, 0, 0, 1]), socket(2, 80, [127, 0, 0, 1])]);
  expect(listenersAmong({ exchange }, [tcp(80)])).toEqual(['tcp 127.0.0.1:80']);
});

describe('addresses', () => {
  const [v4, own, v6, v6only] = [
    socket(2, 80, [0, 0, 0, 0]),
    socket(2, 80, [192, 0, 2, 1]),
    socket(10, 80, ANY),
    socket(10, 80, ANY, true),
  ];
  test.each<[string, Message, string | undefined, boolean]>([
    ['any, for any', v4, undefined, true],
    ['any, for one', v4, '192.0.2.1', true],
    ['one, for any', own, '0.0.0.0', true],
    ['one, for the same', own, '192.0.2.1', true],
    ['one, for another', own, '192.0.2.2', false],
    ['one, for any of the other family', own, '::', false],
    ['any of IPv6, for one of IPv4', v6, '192.0.2.1', true],
    ['any of IPv6 only, for one of IPv4', v6only, '192.0.2.1', false],
    ['any of IPv6 only, for one of IPv6', v6only, '2001:db8::1', true],
    ['any of IPv4, for one of IPv6', v4, '2001:db8::1', false],
  ])('a socket that listens on %s', (_, listener, hostIp, isHit) => {
    expect(listenersAmong(kernel([listener]), [tcp(80, hostIp)])).toHaveLength(isHit ? 1 : 0);
  });
});

test('what the kernel does not know is nothing', () => {
  const { exchange } = kernel([socket(2, 80, [0, 0, 0, 0])]);
  expect(listenersAmong({ exchange }, [{ protocol: 'sctp', port: 80 }, tcp(80)])).toEqual(['tcp 0.0.0.0:80']);
});

test('where the kernel cannot be asked there is nothing to say', async () => {
  expect(await listenersOn([tcp(80)])).toEqual([]);
});
