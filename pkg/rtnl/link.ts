import { attributesOf, bytesOf, FLAG, request, textBytes, textOf } from './message.ts';
import type { RtnlSocket } from './socket.ts';

const RTM_NEWLINK = 16;
const RTM_GETLINK = 18;
const IFINFO_BYTES = 16;
const IFLA = { address: 1, ifname: 3, mtu: 4, txqlen: 13, operstate: 16, extMask: 29 } as const;
const IFF_UP = 0x1;
/** Statistics are most of an answer and nobody here looks at them. */
const RTEXT_FILTER_SKIP_STATS = 8;

const FLAG_NAMES: readonly (readonly [bit: number, name: string])[] = [
  [0x1, 'UP'],
  [0x2, 'BROADCAST'],
  [0x4, 'DEBUG'],
  [0x8, 'LOOPBACK'],
  [0x10, 'POINTOPOINT'],
  [0x20, 'NOTRAILERS'],
  [0x80, 'NOARP'],
  [0x100, 'PROMISC'],
  [0x200, 'ALLMULTI'],
  [0x400, 'MASTER'],
  [0x800, 'SLAVE'],
  [0x1000, 'MULTICAST'],
  [0x4000, 'AUTOMEDIA'],
  [0x8000, 'DYNAMIC'],
  [0x10000, 'LOWER_UP'],
  [0x20000, 'DORMANT'],
  [0x40000, 'ECHO'],
];

const HEX = '0123456789abcdef';

const OPERSTATES = ['UNKNOWN', 'NOTPRESENT', 'DOWN', 'LOWERLAYERDOWN', 'TESTING', 'DORMANT', 'UP'];

/** What `ip -j link show` says of a link, as far as plugins look at it. */
export interface ShownLink {
  readonly ifindex: number;
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly operstate: string;
  readonly txqlen: number;
  readonly address: string;
}

/** `ip link show dev NAME`. */
export function showLink(socket: RtnlSocket, name: string): ShownLink {
  const mask = new Uint8Array([RTEXT_FILTER_SKIP_STATS, 0, 0, 0]);
  const asked = request(RTM_GETLINK, 0, new Uint8Array(IFINFO_BYTES), [
    [IFLA.ifname, textBytes(name)],
    [IFLA.extMask, mask],
  ]);
  const [answer] = socket.exchange(asked);
  if (answer === undefined) throw new Error('the kernel gave no link');
  const { body } = answer;
  const attributes = attributesOf(body, IFINFO_BYTES);
  const bits = body.getUint32(8, true);
  return {
    ifindex: body.getInt32(4, true),
    ifname: textOf(attributes.get(IFLA.ifname)),
    flags: flagsIn(bits),
    mtu: attributes.get(IFLA.mtu)?.getUint32(0, true) ?? 0,
    operstate: OPERSTATES[attributes.get(IFLA.operstate)?.getUint8(0) ?? 0] ?? 'UNKNOWN',
    txqlen: attributes.get(IFLA.txqlen)?.getUint32(0, true) ?? 0,
    address: macText(attributes.get(IFLA.address)),
  };
}

/** `ip link set dev NAME up` or `down`. */
export function setLinkUp(socket: RtnlSocket, name: string, up: boolean): void {
  const header = new DataView(new ArrayBuffer(IFINFO_BYTES));
  header.setUint32(8, up ? IFF_UP : 0, true);
  header.setUint32(12, IFF_UP, true);
  socket.exchange(request(RTM_NEWLINK, FLAG.ack, bytesOf(header), [[IFLA.ifname, textBytes(name)]]));
}

function flagsIn(bits: number): string[] {
  const flags: string[] = [];
  for (const [bit, name] of FLAG_NAMES) if ((bits & bit) !== 0) flags.push(name);
  return flags;
}

function macText(value: DataView | undefined): string {
  if (value === undefined) return '';
  let text = '';
  for (const byte of bytesOf(value)) text += `${text === '' ? '' : ':'}${HEX[byte >> 4]}${HEX[byte & 15]}`;
  return text;
}
