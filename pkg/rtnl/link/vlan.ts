import type { IpCommand } from '../../ip/command.ts';
import type { NativeCommand } from '../commands.ts';
import {
  type Attribute,
  attributesOf,
  bodiesOf,
  FLAG,
  listedIn,
  nested,
  request,
  textOf,
  u16,
  u32,
} from '../message.ts';
import type { RtnlSocket } from '../socket.ts';
import { readName, readNumber } from '../words.ts';
import { IFINFO_BYTES, IFLA, LINK, linkHeader } from './message.ts';
import { indexOf } from './names.ts';

const AF_BRIDGE = 7;
const RTM_SETLINK = 19;

/** Asks for VLANs as well, neighbouring ones as a range. */
const RTEXT_FILTER_BRVLAN_COMPRESSED = 4;

/** `IFLA_BRIDGE_VLAN_INFO`, and the bits of its flags. */
const VLAN_INFO = 2;
const VLAN_INFO_BYTES = 4;
const VLAN = { pvid: 2, untagged: 4, rangeBegin: 8, rangeEnd: 16 } as const;

const LAST_VLAN = 4094;

/** What `bridge -j -compressvlans vlan show` says of a port, as far as plugins look at it. */
export interface ShownPort {
  readonly ifname: string;
  readonly vlans: readonly ShownVlan[];
}

/** One VLAN of a port, or a range of them. */
export interface ShownVlan {
  readonly vlan: number;
  readonly vlanEnd?: number;
  readonly flags?: readonly string[];
}

/** The native forms of `bridge vlan` and `bridge -compressvlans vlan show`: for bridges that filter VLANs. */
export function vlanForm({ program, options, words }: IpCommand): NativeCommand | undefined {
  const [object, verb, dev, name] = words;
  const port = readName(name);
  if (program !== 'bridge' || object !== 'vlan' || dev !== 'dev' || port === undefined) return undefined;
  if (verb === 'show') {
    const isKnown = words.length === 4 && options.length === 1 && options[0] === '-compressvlans';
    return isKnown ? (socket) => vlansOf(socket, port) : undefined;
  }
  return options.length === 0 && (verb === 'add' || verb === 'del') ? vlanChange(verb, port, words) : undefined;
}

/** `vlan add|del dev NAME vid N[-M]`, and `pvid untagged` behind a single one that is added. */
function vlanChange(verb: 'add' | 'del', port: string, words: readonly string[]): NativeCommand | undefined {
  const vlans = words[4] === 'vid' ? readVlans(words[5]) : undefined;
  if (vlans === undefined) return undefined;
  const isNative = words.length > 6;
  if (isNative && (verb === 'del' || vlans.first !== vlans.last || words.slice(6).join(' ') !== 'pvid untagged')) {
    return undefined;
  }
  const flags = isNative ? VLAN.pvid | VLAN.untagged : 0;
  const infos: readonly Attribute[] =
    vlans.first === vlans.last
      ? [vlanInfo(vlans.first, flags)]
      : [vlanInfo(vlans.first, VLAN.rangeBegin), vlanInfo(vlans.last, VLAN.rangeEnd)];
  const type = verb === 'add' ? RTM_SETLINK : LINK.del;
  return (socket) => {
    const header = linkHeader(indexOf(socket, port));
    header[0] = AF_BRIDGE;
    socket.exchange(request(type, FLAG.ack, header, [[IFLA.afSpec, nested(infos)]]));
  };
}

function vlanInfo(vlan: number, flags: number): Attribute {
  return [VLAN_INFO, Uint8Array.of(...u16(flags), ...u16(vlan))];
}

function readVlans(word = ''): { readonly first: number; readonly last: number } | undefined {
  const [start, end = start, ...others] = word.split('-');
  const [first, last] = [readNumber(start, LAST_VLAN), readNumber(end, LAST_VLAN)];
  // What makes no sense `bridge` has words for.
  if (!first || !last || last < first || others.length > 0) return undefined;
  return { first, last };
}

/** There is no question for one port that older kernels know, so those of all are gone through. */
function vlansOf(socket: RtnlSocket, port: string): ShownPort[] {
  const index = indexOf(socket, port);
  const header = linkHeader(0);
  header[0] = AF_BRIDGE;
  const question = request(LINK.get, FLAG.dump, header, [[IFLA.extMask, u32(RTEXT_FILTER_BRVLAN_COMPRESSED)]]);
  const vlans: ShownVlan[] = [];
  for (const body of bodiesOf(socket.exchange(question, port), IFINFO_BYTES)) {
    if (body.getInt32(4, true) !== index) continue;
    const attributes = attributesOf(body, IFINFO_BYTES);
    const specific = attributes.get(IFLA.afSpec);
    if (specific !== undefined && textOf(attributes.get(IFLA.ifname)) === port) vlans.push(...shownVlans(specific));
  }
  return vlans.length === 0 ? [] : [{ ifname: port, vlans }];
}

function shownVlans(specific: DataView): ShownVlan[] {
  const shown: ShownVlan[] = [];
  let first: number | undefined;
  for (const info of listedIn(specific, VLAN_INFO)) {
    if (info.byteLength < VLAN_INFO_BYTES) continue;
    const [bits, vlan] = [info.getUint16(0, true), info.getUint16(2, true)];
    if ((bits & VLAN.rangeBegin) !== 0) {
      first = vlan;
      continue;
    }
    const flags: string[] = [];
    if ((bits & VLAN.pvid) !== 0) flags.push('PVID');
    if ((bits & VLAN.untagged) !== 0) flags.push('Egress Untagged');
    if (first === undefined) shown.push(flags.length === 0 ? { vlan } : { vlan, flags });
    else shown.push({ vlan: first, vlanEnd: vlan, flags });
    first = undefined;
  }
  return shown;
}
