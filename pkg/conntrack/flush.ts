import type { Netns } from '../netns/netns.ts';
import { thrownText } from '../sys/errno.ts';
import { libc } from '../sys/libc.ts';
import { namesOf } from '../types/names-of.ts';
import { flushNatively } from './native.ts';
import { flushByProgram } from './program.ts';
import { type Target, targetsOf } from './stale.ts';

/** A port of the host that now leads to a container, or does not any longer. */
export interface FlushedMapping {
  readonly protocol: 'udp' | 'sctp';
  readonly hostPort: number;
  /** The only address of the host that it is about; without it, or when it is unspecified, all of them. */
  readonly hostIp?: string;
  readonly container: { readonly address: string; readonly port: number };
  readonly moment: 'added' | 'removed';
}

/**
 * Makes the kernel forget the flows that would go on to where they went before a mapping came or went: what is
 * translated once stays so for as long as datagrams come. Call it when the rules have changed, so that the next
 * datagram finds the new ones. All other flows stay. Gives a warning when it cannot be done, and never throws.
 *
 * @example
 * const container = { address: '10.1.0.2', port: 53 };
 * const warning = await flushFlows(ownNetns(), [{ protocol: 'udp', hostPort: 53, container, moment: 'added' }]);
 */
export async function flushFlows(place: Netns, mappings: readonly FlushedMapping[]): Promise<string | undefined> {
  let targets: readonly Target[] = [];
  let reason = 'this process cannot speak to the kernel itself';
  try {
    targets = targetsOf(mappings);
    if (targets.length === 0) return undefined;
    const c = libc();
    if (c !== undefined && place.canEnter) {
      await flushNatively(c, place, targets);
      return undefined;
    }
  } catch (thrown) {
    reason = thrownText(thrown);
  }
  try {
    await flushByProgram(place, targets);
    return undefined;
  } catch (thrown) {
    return warning(targets, `${reason}; ${thrownText(thrown)}`);
  }
}

function warning(targets: readonly Target[], reason: string): string {
  const ports = [...new Set(targets.map(({ protocol, hostPort }) => `${protocol} ${hostPort}`))];
  return (
    `flows to host ports (${namesOf(ports)}) may keep going to where they went before, until they pause: ` +
    `connection tracking cannot be changed: ${reason}; ` +
    'load the module nf_conntrack_netlink or install the package conntrack'
  );
}
