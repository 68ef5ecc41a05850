import { canonicalAddress } from '../../pkg/addr/address.ts';
import { configError } from '../../pkg/config/config-error.ts';
import { quote } from '../../pkg/types/quote.ts';
import type { PortmapConf } from './schema.ts';

/** One port of the host that leads to one of the container. */
export interface PortMapping {
  readonly protocol: Protocol;
  readonly hostPort: number;
  readonly containerPort: number;
  /** The host's address that counts, canonical; '' for all of both families. */
  readonly hostIp: string;
}

/** A protocol with ports that both backends know. */
export type Protocol = (typeof PROTOCOLS)[number];

const PROTOCOLS = ['tcp', 'udp', 'sctp', 'udplite', 'dccp'] as const;
const LAST_PORT = 65535;

/** The mappings that the runtime asks for; `failure` is how an error begins. */
export function mappingsOf(conf: PortmapConf, failure: string): readonly PortMapping[] {
  const mappings: PortMapping[] = [];
  const asked = conf.runtimeConfig?.portMappings ?? [];
  for (let index = 0; index < asked.length; index++) {
    const { protocol = '', hostPort = 0, containerPort = 0, hostIP = '' } = asked[index] ?? {};
    const key = `runtimeConfig.portMappings[${index}]`;
    refusePort(containerPort, 'container', `${key}.containerPort`, failure);
    refusePort(hostPort, 'host', `${key}.hostPort`, failure);
    const known = protocolNamed(protocol);
    if (known === undefined) {
      const message = `${failure}unknown protocol ${quote(protocol)}`;
      throw configError(message, `${key}.protocol`, protocol, `one of ${PROTOCOLS.join(', ')}`);
    }
    const hostIp = hostIP === '' ? '' : canonicalAddress(hostIP);
    if (hostIp === undefined) {
      const message = `${failure}invalid IP address: ${hostIP}`;
      throw configError(message, `${key}.hostIP`, hostIP, 'an address of this host, or no such key for all of them');
    }
    mappings.push({ protocol: known, hostPort, containerPort, hostIp });
  }
  return mappings;
}

/** The protocol of that name, in any letter case. */
export function protocolNamed(name: string): Protocol | undefined {
  const lower = name.toLowerCase();
  for (const protocol of PROTOCOLS) if (protocol === lower) return protocol;
  return undefined;
}

/** Whether a number can be a port. */
export function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port <= LAST_PORT;
}

function refusePort(port: number, whose: 'container' | 'host', key: string, failure: string): void {
  if (isPort(port)) return;
  throw configError(`${failure}Invalid ${whose} port number: ${port}`, key, port, `a port, 1 to ${LAST_PORT}`);
}
