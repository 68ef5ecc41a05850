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
  /** The container's end asks nobody for anything before {@link planAwake}: until then it has no IPv6. */
  readonly dormant?: boolean;
}

/** The step that makes the pair, both ends where they belong: a link that is moved later costs more than everything else. */
export function planVeth(plan: Plan, { hostLink, hostMac, ifName, mac, mtu, netns, dormant }: VethPair): void {
  const size = mtu > 0 ? ip.part`mtu ${mtu}` : ip.none;
  plan.host(
    ip`link add name ${hostLink} ${size} address ${hostMac} txqueuelen 0 type veth peer name ${ifName} ${size} address ${mac} netns ${netns.path} ${dormant === true ? ip.part`mode dormant state dormant` : ip.none}`,
    { failing: 'failed to make veth pair', undo: ip`link del dev ${hostLink}` },
  );
}

/** The step that lets a container's end that was made dormant ask for neighbours and routers. */
export function planAwake(plan: Plan, { ifName, netns }: Pick<VethPair, 'ifName' | 'netns'>): void {
  plan.inside(netns, ip`link set dev ${ifName} mode default state up`, { failing: `failed to set "${ifName}" UP` });
}
