import { type IpCommand, ip } from '../ip/command.ts';
import type { Netns } from '../netns/netns.ts';
import { ownNetns } from '../netns/own.ts';
import { ipAction } from '../plan/action.ts';
import { type RunOptions, runPlan } from '../plan/executor.ts';
import { Plan } from '../plan/plan.ts';

/** The part of `ip -j -d addr show` that is looked at. */
export interface ShownLink {
  readonly ifindex: number;
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly operstate: string;
  readonly address: string;
  readonly ifalias?: string;
  readonly master?: string;
  readonly link_index?: number;
  /** By which number this namespace knows the one in which the other link is; none for its own. */
  readonly link_netnsid?: number;
  /** The link below or at the other end, when it is in the same namespace. */
  readonly link?: string | null;
  /** The MAC that the hardware was made with, where it has another one now. */
  readonly permaddr?: string;
  /** The bus and the name of the device that it is a part of. */
  readonly parentbus?: string;
  readonly parentdev?: string;
  readonly linkinfo?: {
    readonly info_kind?: string;
    readonly info_data?: {
      readonly vlan_filtering?: number;
      readonly mode?: string;
      readonly id?: number;
      readonly table?: number;
    };
    readonly info_slave_data?: { readonly hairpin?: boolean; readonly isolated?: boolean };
  };
  readonly addr_info?: readonly ShownAddress[];
}

/** One address of a link. */
export interface ShownAddress {
  readonly family: string;
  readonly local: string;
  readonly prefixlen: number;
  readonly scope: string;
  readonly tentative?: boolean;
  readonly dadfailed?: boolean;
  readonly noprefixroute?: boolean;
  /** Whether it ends; only then its lifetimes mean something. */
  readonly dynamic?: boolean;
  readonly valid_life_time?: number;
  readonly preferred_life_time?: number;
}

/** A link to look at: which, and where. */
export interface Wanted {
  readonly place: Netns;
  readonly command: IpCommand;
}

/** A link with its kind, its settings and its addresses. */
export function linkIn(place: Netns, name: string): Wanted {
  return { place, command: ip`-d addr show dev ${name}` };
}

/** Looks at links; one that is not there is `undefined`. */
export async function lookAt(wanted: readonly Wanted[], options: RunOptions): Promise<(ShownLink | undefined)[]> {
  const plan = new Plan();
  let number = 0;
  for (const { place, command } of wanted) {
    plan.do(place, ipAction(command), { capture: String(number), tolerate: ['ENODEV'] });
    number += 1;
  }
  const { captures } = await runPlan(plan, options);
  const links: (ShownLink | undefined)[] = [];
  while (links.length < number) {
    const shown = captures.get(String(links.length));
    links.push(Array.isArray(shown) ? (shown[0] as ShownLink | undefined) : undefined);
  }
  return links;
}

/** The links that are ports of a bridge. */
export async function portsOf(bridge: string, options: RunOptions): Promise<readonly ShownLink[]> {
  const plan = new Plan().do(ownNetns(), ipAction(ip`link show master ${bridge}`), {
    capture: 'ports',
    tolerate: ['ENODEV'],
  });
  const { captures } = await runPlan(plan, options);
  const shown = captures.get('ports');
  return Array.isArray(shown) ? (shown as readonly ShownLink[]) : [];
}

/** The addresses of a link that somebody gave it; those that the kernel makes up itself are left out. */
export function addressesOf(link: ShownLink): readonly string[] {
  const given: string[] = [];
  for (const { family, scope, local, prefixlen } of link.addr_info ?? []) {
    if (family === 'inet' || scope !== 'link') given.push(`${local}/${prefixlen}`);
  }
  return given;
}

/** Whether a link is of a kind: `bridge`, `veth`. */
export function isKind(link: ShownLink, kind: string): boolean {
  return link.linkinfo?.info_kind === kind;
}

/** Whether a MAC is that of a link that has none. */
export function isZeroMac(mac: string): boolean {
  for (let index = 0; index < mac.length; index++) if (mac[index] !== '0' && mac[index] !== ':') return false;
  return true;
}
