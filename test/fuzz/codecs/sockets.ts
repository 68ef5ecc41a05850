import { Answers } from '../../../pkg/conntrack/answers.ts';
import { deletionRequest, type Wanted } from '../../../pkg/conntrack/message.ts';
import { isStale, targetsOf } from '../../../pkg/conntrack/stale.ts';
import { type Attribute, nested } from '../../../pkg/rtnl/message.ts';
import { listenersAmong } from '../../../pkg/sockets/listeners.ts';
import { entriesIn } from '../../../pkg/sys/files/native.ts';
import { DONE, eachOf, isRefusal, said, socketSaying, told } from './kernel.ts';
import { bytesOfText, type Target } from './target.ts';

function listener(family: 2 | 10, port: number, isOnly = false): Uint8Array {
  const header = new Uint8Array(72);
  header.set([family, 10, 0, 0, port >> 8, port & 255, 0, 0, ...(family === 2 ? [192, 0, 2, 1] : [])]);
  return told(20, header, family === 10 ? [[11, Uint8Array.of(isOnly ? 1 : 0)]] : []);
}

const listeners: Target = {
  name: 'sock_diag: listeners',
  seeds: [said([listener(2, 80), listener(10, 8080), listener(10, 80, true), DONE])],
  read: (bytes) =>
    listenersAmong(socketSaying(bytes), [
      { protocol: 'tcp', port: 80 },
      { protocol: 'udp', port: 80, hostIp: '192.0.2.1' },
      { protocol: 'tcp', port: 8080, hostIp: '2001:db8::1' },
    ]),
  refuses: isRefusal,
};

function tuple(source: readonly number[], destination: readonly number[], from: number, to: number): Uint8Array {
  const first = source.length === 4 ? 1 : 3;
  const ports: readonly Attribute[] = [
    [1, Uint8Array.of(17)],
    [2, Uint8Array.of(from >> 8, from & 255)],
    [3, Uint8Array.of(to >> 8, to & 255)],
  ];
  return nested([
    [
      0x8001,
      nested([
        [first, Uint8Array.from(source)],
        [first + 1, Uint8Array.from(destination)],
      ]),
    ],
    [0x8002, nested(ports)],
  ]);
}

function flow(family: number, host: readonly number[], client: readonly number[], pod: readonly number[]): Uint8Array {
  return told(0x100, Uint8Array.of(family, 0, 0, 0), [
    [0x8001, tuple(client, host, 4001, 5353)],
    [0x8002, tuple(pod, client, 53, 4001)],
    [3, Uint8Array.of(0, 0, 1, 0x8e)],
    [12, Uint8Array.of(1, 2, 3, 4)],
    [18, Uint8Array.of(0, 5)],
  ]);
}

const six = (last: number): readonly number[] => [0xfd, ...Array<number>(14).fill(0), last];
const WANTED: readonly Wanted[] = [
  { family: 4, protocol: 'udp', hostPort: 5353 },
  { family: 6, protocol: 'udp', hostPort: 5353 },
  { family: 4, protocol: 'sctp', hostPort: 5353 },
];

const flows: Target = {
  name: 'ctnetlink: flows',
  seeds: [
    said([flow(2, [192, 0, 2, 1], [192, 0, 2, 2], [10, 1, 0, 2]), flow(10, six(1), six(2), six(3)), DONE]),
    said([flow(10, six(1), six(2), six(3))], [flow(2, [192, 0, 2, 1], [192, 0, 2, 2], [10, 1, 0, 3])], [DONE]),
  ],
  read(bytes) {
    const [target] = targetsOf([
      { protocol: 'udp', hostPort: 5353, container: { address: '10.1.0.2', port: 53 }, moment: 'added' },
    ]);
    const readers = WANTED.map((wanted) => () => {
      const found = new Answers(socketSaying(bytes), [wanted]).flowsTo(wanted);
      return found.map((one) => [deletionRequest(one), target !== undefined && isStale(target, one, () => true)]);
    });
    return eachOf(readers);
  },
  refuses: isRefusal,
};

function entry(name: string, kind: number): readonly number[] {
  const bytes = bytesOfText(name);
  const length = (19 + bytes.length + 1 + 7) & ~7;
  const entry = new Uint8Array(length);
  entry.set([length & 255, length >> 8, kind, ...bytes], 16);
  return [...entry];
}

const folders: Target = {
  name: 'getdents: the entries of a folder',
  seeds: [
    Uint8Array.from([
      ...entry('.', 4),
      ...entry('..', 4),
      ...entry('10.1.0.2', 8),
      ...entry('lock', 8),
      ...entry('ü', 0),
    ]),
  ],
  read: (bytes) => entriesIn(bytes),
  refuses: (thrown) => thrown instanceof Error && thrown.message.startsWith("a folder's entry of"),
};

/** Readers of what the kernel says of sockets, flows and folders. */
export const KERNEL_TARGETS: readonly Target[] = [listeners, flows, folders];
