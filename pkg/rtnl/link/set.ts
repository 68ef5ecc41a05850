import type { NativeCommand } from '../commands.ts';
import { type Attribute, FLAG, hasAttribute, nested, request, textBytes, u32 } from '../message.ts';
import { readName, readSwitch } from '../words.ts';
import { readSetting } from './add.ts';
import { BRIDGE, IFF, IFLA, INFO, LINK, linkHeader, plainText } from './message.ts';
import { addressed, askByName, ifThere, indexOf } from './names.ts';

const MAX_ALIAS_BYTES = 255;

/** The words behind `link set dev NAME`. */
interface Change {
  readonly attributes: Attribute[];
  flags: number;
  /** Which flags are set or cleared. */
  change: number;
  /** Name of the master to be; '' for none. */
  master: string;
}

/** `link set dev NAME …`: any settings of a link, all in one request. */
export function linkSet(words: readonly string[]): NativeCommand | undefined {
  const name = readName(words[3]);
  if (words[2] !== 'dev' || name === undefined || words.length < 5) return undefined;
  if (words[4] === 'type') return portSet(name, words);
  if (words[4] === 'netns') return linkMove(name, words);
  const change: Change = { attributes: [], flags: 0, change: 0, master: '' };
  for (let at = 4; at < words.length; ) {
    const used = readChange(words, at, change);
    if (used === 0) return undefined;
    at += used;
  }
  const { attributes, flags, master } = change;
  // Found by its name, a link cannot have a new one in the same request.
  const renamed = hasAttribute(attributes, IFLA.ifname);
  return (socket) => {
    const [index, all] = renamed ? [indexOf(socket, name), []] : addressed(socket, name);
    all.push(...attributes);
    if (master !== '') all.push([IFLA.master, u32(indexOf(socket, master))]);
    if (renamed) socket.indices.clear();
    socket.exchange(request(LINK.add, FLAG.ack, linkHeader(index, flags, change.change), all));
  };
}

/** `link del dev NAME`. */
export function linkDel(words: readonly string[]): NativeCommand | undefined {
  const name = readName(words[3]);
  if (words[2] !== 'dev' || name === undefined || words.length !== 4) return undefined;
  return (socket) => {
    const [index, named] = addressed(socket, name);
    socket.indices.clear();
    socket.exchangeByChild(request(LINK.del, FLAG.ack | FLAG.echo, linkHeader(index), named));
    // News comes first; who asks then is answered when the other end is gone as well.
    ifThere(() => askByName(socket, name));
  };
}

/** Takes one setting over from the words; gives how many there were, 0 when it is left to `ip`. */
function readChange(words: readonly string[], at: number, change: Change): number {
  const [word, value] = [words[at], words[at + 1]];
  if (word === 'up' || word === 'down') {
    setFlag(change, IFF.up, word === 'up');
    return 1;
  }
  if (word === 'nomaster' || word === 'master') return readMaster(word, value, change);
  if (word === 'promisc' || word === 'allmulticast') {
    const on = readSwitch(value);
    if (on === undefined) return 0;
    setFlag(change, word === 'promisc' ? IFF.promisc : IFF.allmulti, on === 1);
    return 2;
  }
  const attribute = readText(word, value) ?? readSetting(word, value);
  if (attribute === undefined || hasAttribute(change.attributes, attribute[0])) return 0;
  change.attributes.push(attribute);
  return 2;
}

function setFlag(change: Change, flag: number, on: boolean): void {
  change.change |= flag;
  change.flags = on ? change.flags | flag : change.flags & ~flag;
}

function readMaster(word: string, value: string | undefined, change: Change): number {
  if (change.master !== '' || hasAttribute(change.attributes, IFLA.master)) return 0;
  if (word === 'nomaster') {
    change.attributes.push([IFLA.master, u32(0)]);
    return 1;
  }
  change.master = readName(value) ?? '';
  return change.master === '' ? 0 : 2;
}

function readText(word: string | undefined, value: string | undefined): Attribute | undefined {
  if (word === 'name') {
    const name = readName(value);
    return name === undefined ? undefined : [IFLA.ifname, textBytes(name)];
  }
  if (word !== 'alias' || value === undefined) return undefined;
  const bytes = plainText(value);
  return bytes.length > MAX_ALIAS_BYTES ? undefined : [IFLA.ifalias, bytes];
}

/** `link set dev NAME type bridge_slave [hairpin on|off] [isolated on|off]`. */
function portSet(name: string, words: readonly string[]): NativeCommand | undefined {
  if (words[5] !== 'bridge_slave' || words.length < 8) return undefined;
  const data: Attribute[] = [];
  for (let at = 6; at < words.length; at += 2) {
    const on = readSwitch(words[at + 1]);
    const type = words[at] === 'hairpin' ? BRIDGE.portMode : words[at] === 'isolated' ? BRIDGE.portIsolated : undefined;
    if (on === undefined || type === undefined || hasAttribute(data, type)) return undefined;
    data.push([type, Uint8Array.of(on)]);
  }
  // `ip` says that the link is of the kind "bridge_slave", and a kernel may then look for a module of that name in vain.
  const info = nested([
    [INFO.slaveKind, plainText('bridge')],
    [INFO.slaveData, nested(data)],
  ]);
  return (socket) => {
    const [index, named] = addressed(socket, name);
    socket.exchange(request(LINK.add, FLAG.ack, linkHeader(index), [...named, [IFLA.linkinfo, info]]));
  };
}

/** `link set dev NAME netns PATH`: by index, so that the kernel sees no name that the link could take over there. */
function linkMove(name: string, words: readonly string[]): NativeCommand | undefined {
  const [path] = words.slice(5);
  if (words.length !== 6 || path?.startsWith('/') !== true) return undefined;
  return (socket) => {
    const header = linkHeader(indexOf(socket, name));
    socket.indices.clear();
    socket.exchangeWithNetns(path, (fd) => request(LINK.add, FLAG.ack, header, [[IFLA.netNsFd, u32(fd)]]));
  };
}
