import type { NativeCommand } from '../commands.ts';
import {
  type Attribute,
  type Attributes,
  attributesOf,
  bodiesOf,
  bytesOf,
  FLAG,
  nested,
  numberOf,
  request,
  textOf,
  u32,
} from '../message.ts';
import type { RtnlSocket } from '../socket.ts';
import { readName } from '../words.ts';
import { showDetails } from './details.ts';
import { linkFlags } from './flags.ts';
import { IFF, IFINFO_BYTES, IFLA, INFO, LINK, linkHeader, plainText, WITHOUT_STATISTICS } from './message.ts';
import { askByIndex, askByName, ifThere, indexOf, nameOf } from './names.ts';

const HEX = '0123456789abcdef';

const OPERSTATES = ['UNKNOWN', 'NOTPRESENT', 'DOWN', 'LOWERLAYERDOWN', 'TESTING', 'DORMANT', 'UP'];

/** What `ip -j link show` says of a link, as far as plugins look at it. */
export interface ShownLink extends Partial<ShownDetails> {
  readonly ifindex: number;
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly operstate: string;
  readonly txqlen?: number;
  readonly address?: string;
  readonly master?: string;
  /** The link below or at the other end: its name when it is in this namespace … */
  readonly link?: string | null;
  /** … and its index when it is in another one. */
  readonly link_index?: number;
  readonly link_netnsid?: number;
  readonly ifalias?: string;
}

/** What `-d` adds. */
export interface ShownDetails {
  readonly promiscuity: number;
  /** The MAC that the hardware was made with, where it has another one now. */
  readonly permaddr?: string;
  /** The bus and the name of the device that it is a part of. */
  readonly parentbus?: string;
  readonly parentdev?: string;
  readonly linkinfo?: ShownLinkInfo;
}

/** What a link says of its kind, and of that of its master. */
export interface ShownLinkInfo {
  readonly info_kind?: string;
  readonly info_data?: Readonly<Record<string, unknown>>;
  readonly info_slave_kind?: string;
  readonly info_slave_data?: Readonly<Record<string, unknown>>;
}

/** What of a link is shown besides the usual. */
export interface Shown {
  readonly alias: boolean;
  readonly details: boolean;
}

/** `[-d] link show dev NAME`, `link show master NAME`, `-d link show type KIND`, and `[-d] link show` for all links. */
export function linkShow(words: readonly string[], details: boolean): NativeCommand | undefined {
  if (words.length === 2) return (socket) => showSome(socket, [WITHOUT_STATISTICS], details);
  const name = readName(words[3]);
  if (name === undefined || words.length !== 4) return undefined;
  // The one command of `ip` that does not know `if5`.
  if (words[2] === 'dev') return (socket) => [showLink(socket, askByName(socket, name), { alias: true, details })];
  if (words[2] === 'type' && details) {
    const kind: Attribute = [IFLA.linkinfo, nested([[INFO.kind, plainText(name)]])];
    return (socket) => showSome(socket, [kind, WITHOUT_STATISTICS], true);
  }
  if (words[2] !== 'master' || details) return undefined;
  return (socket) => showSome(socket, [[IFLA.master, u32(indexOf(socket, name))], WITHOUT_STATISTICS], false);
}

function showSome(socket: RtnlSocket, filter: readonly Attribute[], details: boolean): ShownLink[] {
  const question = request(LINK.get, FLAG.dump, linkHeader(0), filter);
  const names = new Map<number, string>();
  const ports: ShownLink[] = [];
  for (const body of bodiesOf(socket.exchange(question), IFINFO_BYTES)) {
    ports.push(showLink(socket, body, { alias: true, details }, names));
  }
  return ports;
}

/** What the kernel said of a link, as `ip` shows it. */
export function showLink(
  socket: RtnlSocket,
  body: DataView,
  shown: Shown,
  names: Map<number, string> = new Map(),
): ShownLink {
  const attributes = attributesOf(body, IFINFO_BYTES);
  const master = numberOf(attributes.get(IFLA.master), 4) ?? 0;
  const link: Writable<ShownLink> = {
    ifindex: body.getInt32(4, true),
    ifname: textOf(attributes.get(IFLA.ifname)),
    flags: [],
    mtu: numberOf(attributes.get(IFLA.mtu), 4) ?? 0,
    operstate: OPERSTATES[numberOf(attributes.get(IFLA.operstate), 1) ?? 0] ?? 'UNKNOWN',
  };
  link.flags = linkFlags(body.getUint32(8, true), showLower(socket, attributes, link));
  if (master !== 0) link.master = nameOf(socket, master, names);
  const queue = numberOf(attributes.get(IFLA.txqlen), 4) ?? 0;
  if (queue !== 0) link.txqlen = queue;
  const address = attributes.get(IFLA.address);
  if (address !== undefined) link.address = macText(bytesOf(address));
  if (shown.alias && attributes.has(IFLA.ifalias)) link.ifalias = textOf(attributes.get(IFLA.ifalias));
  if (shown.details) {
    showDetails(attributes, link);
    const permanent = attributes.get(IFLA.permAddress);
    const permaddr = permanent === undefined ? link.address : macText(bytesOf(permanent));
    if (permaddr !== undefined && permaddr !== link.address) link.permaddr = permaddr;
  }
  return link;
}

/** Says which link is below this one; gives whether it is known to be down. */
function showLower(socket: RtnlSocket, attributes: Attributes, link: Writable<ShownLink>): boolean {
  const index = numberOf(attributes.get(IFLA.link), 4);
  const netnsid = numberOf(attributes.get(IFLA.linkNetnsid), 4);
  if (netnsid !== undefined) link.link_netnsid = netnsid | 0;
  if (index === undefined) return false;
  if (index === 0) link.link = null;
  else if (netnsid !== undefined) link.link_index = index;
  else {
    const lower = ifThere(() => askByIndex(socket, index));
    link.link = lower === undefined ? `if${index}` : textOf(attributesOf(lower, IFINFO_BYTES).get(IFLA.ifname));
    return lower === undefined || (lower.getUint32(8, true) & IFF.up) === 0;
  }
  return false;
}

/** A MAC as `ip` shows it. */
export function macText(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += `${text === '' ? '' : ':'}${HEX[byte >> 4]}${HEX[byte & 15]}`;
  return text;
}

/** A thing while it is being put together. */
export type Writable<T> = { -readonly [Key in keyof T]: T[Key] };
