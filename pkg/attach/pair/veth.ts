import { ip } from '../../ip/command.ts';
import type { Netns } from '../../netns/netns.ts';
import type { Plan } from '../../plan/plan.ts';

/** A pair of links, one end on the host and one in a container. */
export interface VethPair {
  readonly hostLink: string;
  readonly hostMac: string;
  readonly ifName: string;
  readonly mac: string;
  /** 0: the kernel's choice. */
  readonly mtu: number;
  readonly netns: Netns;
}

/** The step that makes the pair, both ends where they belong: a link that is moved later costs more than everything else. */
export function planVeth(plan: Plan, { hostLink, hostMac, ifName, mac, mtu, netns }: VethPair): void {
  const size = mtu > 0 ? ip.part`mtu ${mtu}` : ip.none;
  plan.host(
    ip`link add name ${hostLink} ${size} address ${hostMac} txqueuelen 0 type veth peer name ${ifName} ${size} address ${mac} netns ${netns.path}`,
    { failing: 'failed to make veth pair', undo: ip`link del dev ${hostLink}` },
  );
}
