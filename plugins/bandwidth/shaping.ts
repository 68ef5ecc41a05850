import { ip, tc } from '../../pkg/ip/command.ts';
import { sha512 } from '../../pkg/netfilter/sha512.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import type { Result } from '../../pkg/types/result.ts';
import { type Bucket, bucketOf, type Limits } from './settings.ts';

/** Where rates are kept to. */
interface Shaping {
  /** The host's end of the container's pair. */
  readonly veth: string;
  readonly mtu: number;
  readonly ifb: string;
  readonly mac: string;
}

/** What goes to the container waits at the host's end; what comes from it waits in a link of its own. */
export function shapingPlan({ ingress, egress }: Limits, { veth, mtu, ifb, mac }: Shaping): Plan {
  const plan = new Plan();
  if (ingress !== undefined) {
    plan.host(bucketCommand(veth, bucketOf(ingress, mtu)), {
      undo: tc`qdisc del dev ${veth} root`,
      failing: 'create qdisc',
    });
  }
  if (egress === undefined) return plan;
  return plan
    .host(ip`link add name ${ifb} mtu ${mtu} address ${mac} txqueuelen 0 type ifb`, {
      undo: ip`link del dev ${ifb}`,
      failing: 'adding link',
    })
    .host(ip`link set dev ${ifb} up`, { failing: `failed to set "${ifb}" up` })
    .host(tc`qdisc add dev ${veth} handle ffff: ingress`, {
      undo: tc`qdisc del dev ${veth} ingress`,
      failing: 'create ingress qdisc',
    })
    .host(redirectCommand(veth, ifb), { failing: 'add filter' })
    .host(bucketCommand(ifb, bucketOf(egress, mtu)), { failing: 'create ifb qdisc: create qdisc' });
}

/** The result with the link that was made. */
export function withIfb(result: Result, { egress }: Limits, { ifb, mac }: Pick<Shaping, 'ifb' | 'mac'>): Result {
  if (egress === undefined) return result;
  return { ...result, interfaces: [...(result.interfaces ?? []), { name: ifb, mac }] };
}

function bucketCommand(link: string, { rate, burst, limit }: Bucket) {
  return tc`qdisc add dev ${link} root handle 1: tbf rate ${rate}bps burst ${burst} limit ${limit}`;
}

function redirectCommand(veth: string, ifb: string) {
  return tc`filter add dev ${veth} parent ffff: protocol all prio 1 u32 match u32 0 0 classid 1:1 action mirred egress redirect dev ${ifb}`;
}

/** The link through which all goes that a container sends into a network; all its interfaces there share the name. */
export function ifbName(network: string, containerId: string): string {
  return `bwp${sha512(network + containerId).slice(0, 12)}`;
}
