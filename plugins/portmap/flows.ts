import { type FlushedMapping, flushFlows } from '../../pkg/conntrack/flush.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { type Forwarding, familiesIn } from './forwarding.ts';

/**
 * Makes the kernel forget what it has remembered of flows to the mapped ports: as long as packets of such a flow come,
 * it asks no rule. TCP begins anew by itself.
 */
export async function forgetFlows(
  forwarding: Pick<Forwarding, 'addresses' | 'mappings'>,
  moment: FlushedMapping['moment'],
  warn: (line: string) => void,
): Promise<void> {
  const flushed: FlushedMapping[] = [];
  for (const { address, mappings } of familiesIn(forwarding)) {
    for (const { protocol, hostPort, containerPort, hostIp } of mappings) {
      if (protocol !== 'udp' && protocol !== 'sctp') continue;
      const container = { address, port: containerPort };
      flushed.push({ protocol, hostPort, ...(hostIp === '' ? {} : { hostIp }), container, moment });
    }
  }
  if (flushed.length === 0) return;
  const warning = await flushFlows(ownNetns(), flushed);
  if (warning !== undefined) warn(`portmap: ${warning}`);
}
