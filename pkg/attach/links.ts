import type { IpCommand } from '../ip/command.ts';
import { ip } from '../ip/command.ts';
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
  readonly linkinfo?: {
    readonly info_kind?: string;
    readonly info_data?: { readonly vlan_filtering?: number };
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
  for (const [index, { place, command }] of wanted.entries()) {
    plan.do(place, ipAction(command), { capture: String(index), tolerate: ['ENODEV'] });
  }
  const { captures } = await runPlan(plan, options);
  return wanted.map((_, index) => {
    const shown = captures.get(String(index));
    return Array.isArray(shown) ? (shown[0] as ShownLink | undefined) : undefined;
  });
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
  const given = (link.addr_info ?? []).filter(({ family, scope }) => family === 'inet' || scope !== 'link');
  return given.map(({ local, prefixlen }) => `${local}/${prefixlen}`);
}

/** Whether a link is of a kind: `bridge`, `veth`. */
export function isKind(link: ShownLink, kind: string): boolean {
  return link.linkinfo?.info_kind === kind;
}

/** Whether a MAC is that of a link that has none. */
export function isZeroMac(mac: string): boolean {
  return /^[0:]*$/.test(mac);
}
