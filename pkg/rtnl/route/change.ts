import type { NativeCommand } from '../commands.ts';
import { indexOf } from '../link/names.ts';
import { type Attribute, FLAG, hasAttribute, nested, request, u32 } from '../message.ts';
import { type AddressBytes, AF_INET6, readAddress, readName, readNumber, readPrefix } from '../words.ts';
import { ONLINK, PROTOCOL_BOOT, ROUTE, RTA, RTAX, RTMSG_BYTES, SCOPE, TABLE_MAIN, UNICAST } from './message.ts';

const VERBS: Readonly<Record<string, number>> = {
  add: FLAG.create | FLAG.excl,
  prepend: FLAG.create,
  replace: FLAG.create | FLAG.replace,
  append: FLAG.create | FLAG.append,
  del: 0,
};

/** The words behind the destination. */
interface RouteWords {
  readonly family: AddressBytes['family'];
  readonly attributes: Attribute[];
  /** What is said of packets. */
  readonly metrics: Attribute[];
  protocol: number | undefined;
  dev: string | undefined;
  scope: number | undefined;
  table: number | undefined;
  onlink: boolean;
}

/**
 * `route add|prepend|replace|append|del ADDRESS/LENGTH [via …] dev NAME [src …] [metric …] [table …] [scope …] [proto N]
 * [mtu N] [advmss N] [onlink]`.
 */
export function routeChange(words: readonly string[]): NativeCommand | undefined {
  const verb = words[1] ?? '';
  const destination = readPrefix(words[2]);
  if (destination === undefined || !Object.hasOwn(VERBS, verb)) return undefined;
  const route: RouteWords = {
    family: destination.family,
    attributes: [[RTA.dst, destination.bytes]],
    metrics: [],
    protocol: undefined,
    dev: undefined,
    scope: undefined,
    table: undefined,
    onlink: false,
  };
  for (let at = 3; at < words.length; ) {
    const used = readOption(words[at], words[at + 1], route);
    if (used === 0) return undefined;
    at += used;
  }
  const { dev, attributes, metrics, table = TABLE_MAIN } = route;
  if (dev === undefined) return undefined;
  if (metrics.length > 0) attributes.push([RTA.metrics, nested(metrics)]);
  if (table > 255) attributes.push([RTA.table, u32(table)]);
  const isDel = verb === 'del';
  const header = new Uint8Array(RTMSG_BYTES);
  header.set([destination.family, destination.length, 0, 0, table > 255 ? 0 : table]);
  header[5] = route.protocol ?? (isDel ? 0 : PROTOCOL_BOOT);
  header[6] = route.scope ?? defaultScope(route, isDel);
  header[7] = isDel ? 0 : UNICAST;
  header[8] = route.onlink ? ONLINK : 0;
  const flags = (VERBS[verb] ?? 0) | FLAG.ack;
  return (socket) => {
    const all: readonly Attribute[] = [...attributes, [RTA.oif, u32(indexOf(socket, dev))]];
    socket.exchange(request(isDel ? ROUTE.del : ROUTE.add, flags, header, all));
  };
}

/** IPv6 has no scopes; a removal takes any. */
function defaultScope({ family, attributes }: RouteWords, isDel: boolean): number {
  if (family === AF_INET6) return SCOPE.global;
  if (isDel) return SCOPE.nowhere;
  return hasAttribute(attributes, RTA.gateway) ? SCOPE.global : SCOPE.link;
}

/** Takes one option over from the words; gives how many there were, 0 when it is left to `ip`. */
function readOption(word: string | undefined, value: string | undefined, route: RouteWords): number {
  switch (word) {
    case 'onlink':
      route.onlink = true;
      return 1;
    case 'dev':
      if (route.dev !== undefined) return 0;
      route.dev = readName(value);
      return route.dev === undefined ? 0 : 2;
    case 'via':
      return addAddress(route, RTA.gateway, value);
    case 'src':
      return addAddress(route, RTA.prefsrc, value);
    case 'proto':
      if (route.protocol !== undefined) return 0;
      route.protocol = readNumber(value, 255);
      return route.protocol === undefined ? 0 : 2;
    case 'mtu':
    case 'advmss': {
      const number = readNumber(value, 0xffff_ffff);
      if (number === undefined || hasAttribute(route.metrics, RTAX[word])) return 0;
      route.metrics.push([RTAX[word], u32(number)]);
      return 2;
    }
    case 'metric': {
      const metric = readNumber(value, 0xffff_ffff);
      if (metric === undefined || hasAttribute(route.attributes, RTA.priority)) return 0;
      route.attributes.push([RTA.priority, u32(metric)]);
      return 2;
    }
    case 'table':
      if (route.table !== undefined) return 0;
      route.table = readNumber(value, 0xffff_ffff);
      // 0 stands for no table in some places and for the main one in others.
      return route.table === undefined || route.table === 0 ? 0 : 2;
    case 'scope':
      if (route.scope !== undefined) return 0;
      route.scope = readScope(value);
      return route.scope === undefined ? 0 : 2;
    default:
      return 0;
  }
}

function addAddress({ family, attributes }: RouteWords, type: number, value: string | undefined): number {
  const address = readAddress(value);
  if (address?.family !== family || hasAttribute(attributes, type)) return 0;
  attributes.push([type, address.bytes]);
  return 2;
}

function readScope(value: string | undefined): number | undefined {
  if (value === 'global' || value === 'link' || value === 'host') return SCOPE[value];
  return readNumber(value, 255);
}
