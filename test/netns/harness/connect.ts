import type { Host } from './host.ts';

/** One end of a cable. */
export interface CableEnd {
  readonly host: Host;
  readonly link: string;
  /** Addresses with their prefix lengths. */
  readonly addresses?: readonly string[];
}

/**
 * Plugs a cable into two hosts; both ends are up and their addresses usable at once.
 *
 * @example
 * await connect(
 *   { host: node, link: 'eth0', addresses: ['192.0.2.1/24', '2001:db8::1/64'] },
 *   { host: outside, link: 'eth0', addresses: ['192.0.2.2/24', '2001:db8::2/64'] },
 * );
 */
export async function connect(a: CableEnd, b: CableEnd): Promise<void> {
  await a.host.ip(`link add name ${a.link} type veth peer name ${b.link} netns ${b.host.pid}`);
  for (const { host, link, addresses = [] } of [a, b]) {
    for (const address of addresses) {
      // Nobody else can have it, and waiting for proof of that takes a second.
      await host.ip(`addr add ${address} dev ${link}${address.includes(':') ? ' nodad' : ''}`);
    }
    await host.ip(`link set dev ${link} up`);
  }
}
