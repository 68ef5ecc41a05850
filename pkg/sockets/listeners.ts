import { formatAddress, parseAddress } from '../addr/address.ts';
import type { Message } from '../rtnl/message.ts';
import { RtnlError, RtnlSocket } from '../rtnl/socket.ts';
import { libc, NETLINK } from '../sys/libc.ts';
import { FAMILIES, type Listener, listenersRequest, PROTOCOLS, type Protocol, readListener } from './message.ts';

/** A port of the host that is about to be mapped; without an address, on all of them. */
export interface MappedPort {
  readonly protocol: Protocol;
  readonly port: number;
  readonly hostIp?: string;
}

/**
 * Sockets of this process's network namespace that will hear nothing any more when these ports are mapped. What cannot
 * be found out is left out; never throws.
 *
 * @example
 * await listenersOn([{ protocol: 'tcp', port: 8080 }]); // ['tcp 0.0.0.0:8080']
 */
export async function listenersOn(ports: readonly MappedPort[]): Promise<readonly string[]> {
  try {
    const c = libc();
    if (c === undefined || ports.length === 0) return [];
    const socket = new RtnlSocket(c, c.netlinkSocket(NETLINK.sockets));
    try {
      return listenersAmong(socket, ports);
    } finally {
      socket.close();
    }
  } catch {
    return [];
  }
}

/** {@link listenersOn} with a socket that asks the kernel. */
export function listenersAmong(socket: Pick<RtnlSocket, 'exchange'>, ports: readonly MappedPort[]): readonly string[] {
  const found = new Set<string>();
  for (const protocol of PROTOCOLS) {
    const wanted = new Map<number, MappedPort[]>();
    for (const port of ports) {
      if (port.protocol !== protocol) continue;
      const known = wanted.get(port.port);
      if (known === undefined) wanted.set(port.port, [port]);
      else known.push(port);
    }
    for (const listener of listenersOf(socket, protocol, wanted)) {
      for (const port of wanted.get(listener.port) ?? []) {
        if (!isHit(listener, port)) continue;
        found.add(`${protocol} ${endOf(listener)}`);
        break;
      }
    }
  }
  return [...found];
}

function listenersOf(
  socket: Pick<RtnlSocket, 'exchange'>,
  protocol: Protocol,
  ports: ReadonlyMap<number, unknown>,
): readonly Listener[] {
  const listeners: Listener[] = [];
  if (ports.size === 0) return listeners;
  // The kernel looks for one port itself; for several it is asked for all sockets that wait for somebody.
  let only = 0;
  for (const port of ports.keys()) only = ports.size === 1 ? port : 0;
  for (const family of FAMILIES) {
    for (const message of answerTo(socket, listenersRequest(family, protocol, only))) {
      const listener = readListener(message, ports);
      if (listener !== undefined) listeners.push(listener);
    }
  }
  return listeners;
}

function answerTo(socket: Pick<RtnlSocket, 'exchange'>, question: Uint8Array): readonly Message[] {
  try {
    return socket.exchange(question);
  } catch (thrown) {
    // A protocol that the kernel has not loaded has no sockets.
    if (thrown instanceof RtnlError) return [];
    throw thrown;
  }
}

function isHit(listener: Listener, { hostIp = '' }: MappedPort): boolean {
  const host = hostIp === '' ? undefined : parseAddress(hostIp);
  if (host === undefined) return true;
  if (host.family !== listener.family) return listener.takesBoth;
  return listener.isWildcard || host.value === 0n || formatAddress(host) === listener.address;
}

function endOf({ family, address, port }: Listener): string {
  return family === 4 ? `${address}:${port}` : `[${address}]:${port}`;
}
