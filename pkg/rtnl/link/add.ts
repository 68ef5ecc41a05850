import type { NativeCommand } from '../commands.ts';
import { type Attribute, FLAG, hasAttribute, nested, request, textBytes, u16, u32 } from '../message.ts';
import { readMac, readName, readNumber } from '../words.ts';
import {
  BRIDGE,
  IFINFO_BYTES,
  IFLA,
  INFO,
  IPVLAN,
  IPVLAN_MODES,
  LINK,
  linkHeader,
  MACVLAN,
  MACVLAN_MODES,
  plainText,
  VLAN,
  VRF,
} from './message.ts';
import { indexOf } from './names.ts';

const VETH_INFO_PEER = 1;

/** What is said of a new link, whatever its kind. */
interface NewLink {
  readonly attributes: readonly Attribute[];
  /** Path of the namespace that it is made in; '' for the one of the socket. */
  readonly netns: string;
  /** Where the words go on. */
  readonly next: number;
}

/** What is said behind a kind. */
interface KindData {
  /** Path of a namespace that the attributes name, or ''. */
  readonly netns: string;
  /** The attributes, once that namespace is open. */
  attributes(netnsFd: number): readonly Attribute[];
}

/** Reads the words behind a kind, to their end. */
type KindReader = (words: readonly string[], at: number) => KindData | undefined;

const KINDS: Readonly<Record<string, KindReader>> = {
  bridge: readBridge,
  dummy: readNothing,
  ifb: readNothing,
  ipvlan: readIpvlan,
  macvlan: readMacvlan,
  veth: readVeth,
  vlan: readVlan,
  vrf: readVrf,
};

/** `link add [link NAME] name NAME [mtu N] [address MAC] [txqueuelen N] [netns PATH] type KIND …`. */
export function linkAdd(words: readonly string[]): NativeCommand | undefined {
  const lower = words[2] === 'link' ? readName(words[3]) : '';
  const start = lower === '' ? 2 : 4;
  if (words[start] !== 'name' || lower === undefined) return undefined;
  const link = readNewLink(words, start);
  const kind = words[link.next + 1] ?? '';
  if (words[link.next] !== 'type' || !Object.hasOwn(KINDS, kind)) return undefined;
  const data = KINDS[kind]?.(words, link.next + 2);
  if (data === undefined || (link.netns !== '' && data.netns !== '')) return undefined;
  const message = (fd: number, below: readonly Attribute[]): Uint8Array => {
    const info: Attribute[] = [[INFO.kind, plainText(kind)]];
    const inside = data.attributes(fd);
    if (inside.length > 0) info.push([INFO.data, nested(inside)]);
    const attributes: Attribute[] = [...below, ...attributesWith(link, fd), [IFLA.linkinfo, nested(info)]];
    return request(LINK.add, FLAG.create | FLAG.excl | FLAG.ack, linkHeader(0), attributes);
  };
  const path = link.netns + data.netns;
  return (socket) => {
    // A name that was missing before may be there now.
    socket.indices.clear();
    const below: readonly Attribute[] = lower === '' ? [] : [[IFLA.link, u32(indexOf(socket, lower))]];
    if (path === '') socket.exchange(message(-1, below));
    else socket.exchangeWithNetns(path, (fd) => message(fd, below));
  };
}

/** The words that all kinds have, up to the first other one. */
function readNewLink(words: readonly string[], at: number): NewLink {
  const attributes: Attribute[] = [];
  let netns = '';
  let next = at;
  for (; next + 1 < words.length; next += 2) {
    const value = words[next + 1] ?? '';
    if (words[next] === 'netns' && netns === '' && value.startsWith('/')) {
      netns = value;
      continue;
    }
    const attribute = readCommon(words[next], value);
    if (attribute === undefined || hasAttribute(attributes, attribute[0])) break;
    attributes.push(attribute);
  }
  return { attributes, netns, next };
}

function readCommon(word: string | undefined, value: string): Attribute | undefined {
  if (word === 'name') {
    const name = readName(value);
    return name === undefined ? undefined : [IFLA.ifname, textBytes(name)];
  }
  return readSetting(word, value);
}

/** A setting that links can be made with and that can be changed later, in the words of `ip`. */
export function readSetting(word: string | undefined, value: string | undefined): Attribute | undefined {
  if (word === 'address') {
    const mac = readMac(value);
    return mac === undefined ? undefined : [IFLA.address, mac];
  }
  if (word !== 'mtu' && word !== 'txqueuelen') return undefined;
  const number = readNumber(value);
  return number === undefined ? undefined : [word === 'mtu' ? IFLA.mtu : IFLA.txqlen, u32(number)];
}

function attributesWith({ attributes, netns }: NewLink, fd: number): readonly Attribute[] {
  return netns === '' ? attributes : [...attributes, [IFLA.netNsFd, u32(fd)]];
}

function readBridge(words: readonly string[], at: number): KindData | undefined {
  const attributes: Attribute[] = [];
  if (at < words.length) {
    const filtering = readNumber(words[at + 1], 1);
    if (words[at] !== 'vlan_filtering' || filtering === undefined || at + 2 < words.length) return undefined;
    attributes.push([BRIDGE.vlanFiltering, Uint8Array.of(filtering)]);
  }
  return { netns: '', attributes: () => attributes };
}

/** A kind without settings. */
function readNothing(words: readonly string[], at: number): KindData | undefined {
  return at < words.length ? undefined : { netns: '', attributes: () => [] };
}

/** `mode MODE`; `ip` says that there are no flags as well. */
function readIpvlan(words: readonly string[], at: number): KindData | undefined {
  const mode = IPVLAN_MODES.indexOf(words[at + 1] ?? '');
  if (words[at] !== 'mode' || mode < 0 || at + 2 < words.length) return undefined;
  const attributes: readonly Attribute[] = [
    [IPVLAN.mode, u16(mode)],
    [IPVLAN.flags, u16(0)],
  ];
  return { netns: '', attributes: () => attributes };
}

/** `id N`. */
function readVlan(words: readonly string[], at: number): KindData | undefined {
  const id = readNumber(words[at + 1], 0xffff);
  if (words[at] !== 'id' || id === undefined || at + 2 < words.length) return undefined;
  return { netns: '', attributes: () => [[VLAN.id, u16(id)]] };
}

/** `table N`. */
function readVrf(words: readonly string[], at: number): KindData | undefined {
  const table = readNumber(words[at + 1], 0xffff_ffff);
  if (words[at] !== 'table' || table === undefined || at + 2 < words.length) return undefined;
  return { netns: '', attributes: () => [[VRF.table, u32(table)]] };
}

/** `mode MODE [bcqueuelen N]`. */
function readMacvlan(words: readonly string[], at: number): KindData | undefined {
  const name = words[at + 1] ?? '';
  if (words[at] !== 'mode' || !Object.hasOwn(MACVLAN_MODES, name)) return undefined;
  const attributes: Attribute[] = [[MACVLAN.mode, u32(MACVLAN_MODES[name] ?? 0)]];
  if (at + 2 < words.length) {
    const queue = readNumber(words[at + 3], 0xffff_ffff);
    if (words[at + 2] !== 'bcqueuelen' || queue === undefined || at + 4 < words.length) return undefined;
    attributes.push([MACVLAN.queue, u32(queue)]);
  }
  return { netns: '', attributes: () => attributes };
}

/** A veth's other end is a whole link: a header and the same attributes. */
function readVeth(words: readonly string[], at: number): KindData | undefined {
  if (words[at] !== 'peer' || words[at + 1] !== 'name') return undefined;
  const peer = readNewLink(words, at + 1);
  if (peer.next < words.length) return undefined;
  return {
    netns: peer.netns,
    attributes: (fd) => [[VETH_INFO_PEER, nested(attributesWith(peer, fd), IFINFO_BYTES)]],
  };
}
