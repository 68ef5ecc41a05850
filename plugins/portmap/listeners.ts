import type { PortMapping } from './mapping.ts';

/** Names the programs of this host that listen on a port which is being mapped: they get nothing any more. */
export async function warnOfListeners(mappings: readonly PortMapping[], warn: (line: string) => void): Promise<void> {
  const ports: { protocol: 'tcp' | 'udp' | 'sctp'; port: number; hostIp?: string }[] = [];
  for (const { protocol, hostPort, hostIp } of mappings) {
    if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp') continue;
    ports.push({ protocol, port: hostPort, ...(hostIp === '' ? {} : { hostIp }) });
  }
  const { listenersOn } = await import('../../pkg/sockets/listeners.ts');
  for (const listener of await listenersOn(ports)) {
    warn(`portmap: a program of this host listens on ${listener}; what comes for that port goes to the container now`);
  }
}
