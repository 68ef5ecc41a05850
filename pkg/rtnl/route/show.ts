import { SCOPES } from '../address/message.ts';
import { addressText } from '../address/show.ts';
import type { NativeCommand } from '../commands.ts';
import { nameOf } from '../link/names.ts';
import type { Writable } from '../link/show.ts';
import { type Attributes, attributesOf, bodiesOf, FLAG, type Message, numberOf, request, u32 } from '../message.ts';
import { RtnlError, type RtnlSocket } from '../socket.ts';
import { AF_INET, AF_INET6, readAddress } from '../words.ts';
import {
  ONLINK,
  PROTOCOL_BOOT,
  ROUTE,
  ROUTE_TYPES,
  RTA,
  RTAX,
  RTMSG_BYTES,
  SCOPE,
  TABLE_MAIN,
  UNICAST,
} from './message.ts';

const RTM_F_CLONED = 0x200;
/** What stands in front of an address of either family. */
const FAMILY_BYTES = 2;

const FLAG_NAMES: readonly (readonly [bit: number, name: string])[] = [
  [0x1, 'dead'],
  [ONLINK, 'onlink'],
  [0x2, 'pervasive'],
  [0x8, 'offload'],
  [0x40, 'trap'],
  [0x10, 'linkdown'],
  [0x20, 'unresolved'],
];

const PROTOCOLS: Readonly<Record<number, string>> = {
  0: 'unspec',
  1: 'redirect',
  2: 'kernel',
  4: 'static',
  8: 'gated',
  9: 'ra',
  10: 'mrt',
  11: 'zebra',
  12: 'bird',
  13: 'dnrouted',
  14: 'xorp',
  15: 'ntk',
  16: 'dhcp',
  18: 'keepalived',
  42: 'babel',
  99: 'openr',
  186: 'bgp',
  187: 'isis',
  188: 'ospf',
  189: 'rip',
  192: 'eigrp',
};

/** What `ip -j route show` says of a route, as far as plugins look at it. The ways of a multipath route are left out. */
export interface ShownRoute {
  /** Absent for the ordinary one, `unicast`. */
  readonly type?: string;
  readonly dst: string;
  readonly gateway?: string;
  /** In place of `gateway` when that is of the other family. */
  readonly via?: { readonly family: string; readonly host: string };
  readonly dev?: string;
  readonly protocol?: string;
  readonly scope?: string;
  readonly prefsrc?: string;
  readonly metric?: number;
  /** With `-N`, where it is not the main one. */
  readonly table?: string;
  /** What is said of packets, where anything is. */
  readonly metrics?: readonly { readonly mtu?: number; readonly advmss?: number }[];
  readonly flags: readonly string[];
}

/** `-4 route show table main`, and the same with `-6`. */
export function routeShow(words: readonly string[], option: string | undefined): NativeCommand | undefined {
  const family = option === '-4' ? AF_INET : option === '-6' ? AF_INET6 : undefined;
  if (family === undefined || words[2] !== 'table' || words[3] !== 'main' || words.length !== 4) return undefined;
  return (socket) => showRoutes(socket, family);
}

/** `route get ADDRESS`: which way a packet from here to there goes. */
export function routeGet(words: readonly string[]): NativeCommand | undefined {
  const address = readAddress(words[2]);
  if (address === undefined || words.length !== 3) return undefined;
  const { family, bytes } = address;
  return (socket) => {
    const header = new Uint8Array(RTMSG_BYTES);
    header[0] = family;
    header[1] = bytes.length * 8;
    const [body] = bodiesOf(socket.exchange(request(ROUTE.get, 0, header, [[RTA.dst, bytes]])), RTMSG_BYTES);
    if (body === undefined) return [];
    // Who made the route that it follows is not told here.
    const { protocol: _, ...route } = shownRoute(socket, body, attributesOf(body, RTMSG_BYTES), new Map());
    return [route];
  };
}

/** `-4 -N route show table all`, and the same with `-6`: everything in numbers. */
export function allRoutesShow(words: readonly string[], option: string | undefined): NativeCommand | undefined {
  const family = option === '-4' ? AF_INET : option === '-6' ? AF_INET6 : undefined;
  if (family === undefined || words[2] !== 'table' || words[3] !== 'all' || words.length !== 4) return undefined;
  return (socket) => {
    const header = new Uint8Array(RTMSG_BYTES);
    header[0] = family;
    const names = new Map<number, string>();
    const found: ShownRoute[] = [];
    for (const body of bodiesOf(socket.exchange(request(ROUTE.get, FLAG.dump, header, [])), RTMSG_BYTES)) {
      if ((body.getUint32(8, true) & RTM_F_CLONED) !== 0) continue;
      found.push(inNumbers(body, shownRoute(socket, body, attributesOf(body, RTMSG_BYTES), names)));
    }
    return found;
  };
}

function inNumbers(body: DataView, shown: ShownRoute): ShownRoute {
  const [type, protocol, scope] = [body.getUint8(7), body.getUint8(5), body.getUint8(6)];
  const attributes = attributesOf(body, RTMSG_BYTES);
  const route: Writable<ShownRoute> = { ...shown };
  if (type !== UNICAST) route.type = `${type}`;
  if (protocol !== PROTOCOL_BOOT) route.protocol = `${protocol}`;
  if (scope !== SCOPE.global) route.scope = `${scope}`;
  const table = numberOf(attributes.get(RTA.table), 4) ?? body.getUint8(4);
  if (table !== TABLE_MAIN) route.table = `${table}`;
  const metrics = attributes.get(RTA.metrics);
  if (metrics === undefined) return route;
  const said = attributesOf(metrics, 0);
  const [mtu, advmss] = [numberOf(said.get(RTAX.mtu), 4), numberOf(said.get(RTAX.advmss), 4)];
  const one = {
    ...(mtu === undefined ? {} : { mtu }),
    ...(advmss === undefined ? {} : { advmss }),
  };
  return { ...route, metrics: [one] };
}

function showRoutes(socket: RtnlSocket, family: number): ShownRoute[] {
  const header = new Uint8Array(RTMSG_BYTES);
  header[0] = family;
  const names = new Map<number, string>();
  const found: ShownRoute[] = [];
  const question = request(ROUTE.get, FLAG.dump, header, [[RTA.table, u32(TABLE_MAIN)]]);
  for (const body of bodiesOf(tableOf(socket, question), RTMSG_BYTES)) {
    const attributes = attributesOf(body, RTMSG_BYTES);
    const table = numberOf(attributes.get(RTA.table), 4) ?? body.getUint8(4);
    // A kernel that is too old for strict checking gives all tables, and what it has remembered of its own decisions.
    if (table !== TABLE_MAIN || (body.getUint32(8, true) & RTM_F_CLONED) !== 0) continue;
    found.push(shownRoute(socket, body, attributes, names));
  }
  return found;
}

/** A table that nothing was ever put into is not there. */
function tableOf(socket: RtnlSocket, question: Uint8Array): Message[] {
  try {
    return socket.exchange(question);
  } catch (thrown) {
    if (thrown instanceof RtnlError && thrown.code === 'ENOENT') return [];
    throw thrown;
  }
}

function shownRoute(
  socket: RtnlSocket,
  body: DataView,
  attributes: Attributes,
  names: Map<number, string>,
): ShownRoute {
  const [type, protocol, scope] = [body.getUint8(7), body.getUint8(5), body.getUint8(6)];
  const route: Writable<ShownRoute> = { dst: destination(body, attributes.get(RTA.dst)), flags: flagsIn(body) };
  if (type !== UNICAST) route.type = ROUTE_TYPES[type] ?? `${type}`;
  const gateway = attributes.get(RTA.gateway);
  if (gateway !== undefined) route.gateway = addressText(gateway);
  const via = attributes.get(RTA.via);
  if (via !== undefined && via.byteLength > FAMILY_BYTES) route.via = shownVia(via);
  const oif = numberOf(attributes.get(RTA.oif), 4);
  if (oif !== undefined) route.dev = nameOf(socket, oif, names);
  if (protocol !== PROTOCOL_BOOT) route.protocol = PROTOCOLS[protocol] ?? `${protocol}`;
  if (scope !== SCOPE.global) route.scope = SCOPES[scope] ?? `${scope}`;
  const prefsrc = attributes.get(RTA.prefsrc);
  if (prefsrc !== undefined) route.prefsrc = addressText(prefsrc);
  const metric = numberOf(attributes.get(RTA.priority), 4);
  if (metric !== undefined) route.metric = metric;
  return route;
}

/** A host's address goes without its length. */
function destination(body: DataView, address: DataView | undefined): string {
  const length = body.getUint8(1);
  if (address === undefined) return length === 0 ? 'default' : `0/${length}`;
  const text = addressText(address);
  return length === address.byteLength * 8 ? text : `${text}/${length}`;
}

function shownVia(via: DataView): { family: string; host: string } {
  const family = via.getUint16(0, true);
  const address = new DataView(via.buffer, via.byteOffset + FAMILY_BYTES, via.byteLength - FAMILY_BYTES);
  return { family: family === AF_INET ? 'inet' : 'inet6', host: addressText(address) };
}

function flagsIn(body: DataView): string[] {
  const bits = body.getUint32(8, true);
  const flags: string[] = [];
  for (const [bit, name] of FLAG_NAMES) if ((bits & bit) !== 0) flags.push(name);
  return flags;
}
