import { listenersOn } from '../../pkg/sockets/listeners.ts';
import type { PortMapping } from './mapping.ts';
import type { Neighbour } from './target.ts';

/** Of thousands the first ones tell enough. */
const MOST_NAMED = 10;

/**
 * Names the programs of this host that listen on a port which is being mapped: they get nothing any more.
 * A port that leads to the container already, through another network, is nobody else's: podman listens on it to keep it.
 */
export async function warnOfListeners(
  mappings: readonly PortMapping[],
  others: readonly Neighbour[],
  warn: (line: string) => void,
): Promise<void> {
  const mapped = new Set<string>();
  for (const { forwarding } of others) for (const mapping of forwarding.mappings) mapped.add(keyOf(mapping));
  const ports: { protocol: 'tcp' | 'udp' | 'sctp'; port: number; hostIp?: string }[] = [];
  for (const mapping of mappings) {
    const { protocol, hostPort, hostIp } = mapping;
    if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp') continue;
    if (mapped.has(keyOf(mapping))) continue;
    ports.push({ protocol, port: hostPort, ...(hostIp === '' ? {} : { hostIp }) });
  }
  if (ports.length === 0) return;
  const listeners = await listenersOn(ports);
  for (const listener of listeners.slice(0, MOST_NAMED)) {
    warn(`portmap: a program of this host listens on ${listener}; what comes for that port goes to the container now`);
  }
  const more = listeners.length - MOST_NAMED;
  if (more > 0) warn(`portmap: programs of this host listen on ${more} more ports that go to the container now`);
}

function keyOf({ protocol, hostPort, hostIp }: PortMapping): string {
  return `${protocol} ${hostPort} ${hostIp}`;
}
