import { describe, expect, test } from 'vitest';
import { type Attribute, type Message, messagesIn, nested, request } from '../rtnl/message.ts';
import { Answers } from './answers.ts';
import { deletionRequest, dumpRequest, readFlow, type Wanted } from './message.ts';

const WANTED: Wanted = { family: 4, protocol: 'udp', hostPort: 5353 };
const isWanted = (port: number): boolean => port === WANTED.hostPort;

/** Bytes as a person writes them down: `02 00`. */
function bytes(text: string): number[] {
  return text.split(/\s+/).map((byte) => Number.parseInt(byte, 16));
}

interface Ends {
  readonly source: readonly number[];
  readonly destination: readonly number[];
  readonly from: number;
  readonly to: number;
  readonly protocol?: number;
}

const SENT: Ends = { source: [192, 0, 2, 2], destination: [192, 0, 2, 1], from: 4001, to: 5353 };
const ANSWERED: Ends = { source: [10, 1, 0, 2], destination: [192, 0, 2, 2], from: 53, to: 4001 };

function port(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 255);
}

function tuple({ source, destination, from, to, protocol = 17 }: Ends): Uint8Array {
  const first = source.length === 4 ? 1 : 3;
  const ip: Attribute[] = [
    [first, Uint8Array.from(source)],
    [first + 1, Uint8Array.from(destination)],
  ];
  const ports: Attribute[] = [
    [1, Uint8Array.of(protocol)],
    [2, port(from)],
    [3, port(to)],
  ];
  return nested([
    [0x8001, nested(ip)],
    [0x8002, nested(ports)],
  ]);
}

/** A flow as the kernel describes it. */
function described(sent: Ends, answered: Ends, more: readonly Attribute[] = []): Message {
  const header = Uint8Array.of(sent.source.length === 4 ? 2 : 10, 0, 0, 0);
  const attributes: Attribute[] = [
    [0x8001, tuple(sent)],
    [0x8002, tuple(answered)],
    [3, Uint8Array.of(0, 0, 1, 0x8e)],
  ];
  const [message] = messagesIn(request(0x100, 0, header, [...attributes, ...more]));
  if (message === undefined) throw new Error('there is no message');
  return message;
}

describe('dumpRequest', () => {
  test('byte for byte, as the kernel wants it', () => {
    expect([...dumpRequest(WANTED)]).toEqual([
      ...bytes('38 00 00 00  01 01  01 03  00 00 00 00 00 00 00 00  02 00 00 00'),
      // The original direction: protocol 17, destination port 5353.
      ...bytes('18 00 01 80  14 00 02 80  05 00 01 00 11 00 00 00  06 00 03 00 14 e9 00 00'),
      // What of it is compared: protocol and destination port.
      ...bytes('0c 00 19 80  08 00 01 00 28 00 00 00'),
    ]);
  });

  test('the family and the number of the protocol', () => {
    const asked = dumpRequest({ family: 6, protocol: 'sctp', hostPort: 9 });
    expect([asked[16], asked[32]]).toEqual([10, 132]);
  });
});

describe('readFlow', () => {
  test('who is asked and who answers', () => {
    expect(readFlow(described(SENT, ANSWERED), WANTED, isWanted)).toMatchObject({
      destination: '192.0.2.1',
      port: 5353,
      answeredBy: '10.1.0.2',
      answeredFrom: 53,
    });
  });

  test('over IPv6', () => {
    const at = (last: number) => [0xfd, ...Array<number>(14).fill(0), last];
    const sent = { ...SENT, source: at(1), destination: at(2) };
    const answered = { ...ANSWERED, source: at(3), destination: at(1) };
    const found = readFlow(described(sent, answered), { ...WANTED, family: 6 }, isWanted);
    expect(found).toMatchObject({ destination: 'fd00::2', answeredBy: 'fd00::3' });
    expect(found && deletionRequest(found)[16]).toBe(10);
  });

  test.each<[string, Message]>([
    ['another port', described({ ...SENT, to: 5354 }, ANSWERED)],
    ['another family', described({ ...SENT, source: Array<number>(16).fill(1) }, ANSWERED)],
    ['another protocol', described({ ...SENT, protocol: 6 }, { ...ANSWERED, protocol: 6 })],
    ['nothing but a header', { type: 0x100, flags: 2, number: 0, body: new DataView(new ArrayBuffer(4)) }],
  ])('%s is none of those', (_, message) => {
    expect(readFlow(message, WANTED, isWanted)).toBeUndefined();
  });

  test('is deleted by its original direction, its number and its zone', () => {
    const more: Attribute[] = [
      [12, Uint8Array.of(1, 2, 3, 4)],
      [18, Uint8Array.of(0, 7)],
      [8, Uint8Array.of(0, 0, 0, 1)],
    ];
    const expected = request(0x102, 0x4, Uint8Array.of(2, 0, 0, 0), [[0x8001, tuple(SENT)], ...more.slice(0, 2)]);
    const found = readFlow(described(SENT, ANSWERED, more), WANTED, isWanted);
    expect(found && deletionRequest(found)).toEqual(expected);
  });
});

describe('Answers', () => {
  function kernel(flows: readonly Message[], filters: (message: Message) => boolean, count?: number) {
    const asked: Uint8Array[] = [];
    const exchange = (question: Uint8Array): Message[] => {
      asked.push(question);
      return flows.filter(filters);
    };
    return { answers: new Answers({ exchange }, [WANTED, WANTED, OTHER], count), asked };
  }
  const OTHER: Wanted = { ...WANTED, hostPort: 53 };
  const mixed = [described(SENT, ANSWERED), described({ ...SENT, to: 53 }, ANSWERED)];

  test('a kernel that filters is asked for each port once', () => {
    const { answers, asked } = kernel(mixed, (message) => message === mixed[0]);
    expect(answers.flowsTo(WANTED)).toHaveLength(1);
    expect(answers.flowsTo(WANTED)).toHaveLength(1);
    expect(asked).toHaveLength(1);
    expect(answers.flowsTo(OTHER)).toHaveLength(0);
    expect(asked).toHaveLength(2);
  });

  test('a kernel that gives everything is asked once', () => {
    const { answers, asked } = kernel(mixed, () => true);
    expect(answers.flowsTo(WANTED)).toHaveLength(1);
    expect(answers.flowsTo(OTHER)).toHaveLength(1);
    expect(asked).toHaveLength(1);
    answers.flowsTo({ ...WANTED, family: 6 });
    expect(asked).toHaveLength(2);
  });

  test('a table with little in it is read once, whatever is wanted', () => {
    const { answers, asked } = kernel(mixed, () => true, 999);
    expect(answers.flowsTo(WANTED)).toHaveLength(1);
    expect(answers.flowsTo(OTHER)).toHaveLength(1);
    expect(answers.flowsTo({ ...WANTED, family: 6 })).toHaveLength(0);
    expect(asked).toHaveLength(1);
    // No family, no filter.
    expect([asked[0]?.length, asked[0]?.[16]]).toEqual([20, 0]);
  });
});

test('a flow that is cut off is none, or has no addresses', () => {
  const cut = (header: readonly number[], value: readonly Attribute[]): Message => {
    const bytes = request(0x100, 0, Uint8Array.from(header), value);
    const [message] = messagesIn(bytes);
    if (message === undefined) throw new Error('there is no message');
    return message;
  };
  expect(readFlow(cut([], []), WANTED, () => true)).toBeUndefined();
  const inner = (ip: number, ports: number): Uint8Array =>
    nested([
      [0x8001, nested([1, 2].map((type): Attribute => [type, new Uint8Array(ip)]))],
      [
        0x8002,
        nested([
          [1, Uint8Array.of(17)],
          [2, new Uint8Array(ports)],
          [3, port(5353)],
        ]),
      ],
    ]);
  const both = (ip: number, ports: number): readonly Attribute[] => [
    [0x8001, inner(ip, ports)],
    [0x8002, inner(ip, ports)],
  ];
  expect(readFlow(cut([2, 0, 0, 0], both(4, 1)), WANTED, () => true)).toBeUndefined();
  expect(readFlow(cut([2, 0, 0, 0], both(3, 2)), WANTED, () => true)).toMatchObject({
    destination: '',
    answeredBy: '',
  });
});
