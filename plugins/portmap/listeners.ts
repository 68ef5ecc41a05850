import type { PortMapping } from './mapping.ts';
import type { Neighbour } from './target.ts';

/**
 * Names the programs of this host that listen on a port which is being mapped: they get nothing any more.
 * A port that leads to the container already, through another network, is nobody else's: podman listens on it to keep it.
 */
export async function warnOfListeners(
  mappings: readonly PortMapping[],
  others: readonly Neighbour[],
  warn: (line: string) => void,
): Promise<void> {
  const ports: { protocol: 'tcp' | 'udp' | 'sctp'; port: number; hostIp?: string }[] = [];
  for (const mapping of mappings) {
    const { protocol, hostPort, hostIp } = mapping;
    if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp') continue;
    if (isMapped(mapping, others)) continue;
    ports.push({ protocol, port: hostPort, ...(hostIp === '' ? {} : { hostIp }) });
  }
  if (ports.length === 0) return;
  const { listenersOn } = await import('../../pkg/sockets/listeners.ts');
  for (const listener of await listenersOn(ports)) {
    warn(`portmap: a program of this host listens on ${listener}; what comes for that port goes to the container now`);
  }
}

function isMapped({ protocol, hostPort, hostIp }: PortMapping, others: readonly Neighbour[]): boolean {
  for (const { forwarding } of others) {
    for (const other of forwarding.mappings) {
      if (other.protocol === protocol && other.hostPort === hostPort && other.hostIp === hostIp) return true;
    }
  }
  return false;
}
