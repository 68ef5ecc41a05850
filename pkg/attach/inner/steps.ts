import { ip } from '../../ip/command.ts';
import type { Netns } from '../../netns/netns.ts';
import { ownNetns } from '../../netns/own.ts';
import type { RunOptions } from '../../plan/executor.ts';
import { Plan } from '../../plan/plan.ts';
import type { AttachmentCall } from '../../skel/plugin.ts';
import type { Attachment } from '../../types/attachment.ts';
import type { Result } from '../../types/result.ts';
import { linkAlias } from '../identity.ts';
import { ipsOf, planLayer3 } from '../layer3.ts';
import { settleAction } from '../wait.ts';
import type { InnerSettings, InnerTraits } from './kind.ts';

/** A link that is to be in a container. */
export interface InnerLink {
  readonly kind: InnerTraits;
  readonly name: Attachment;
  readonly netns: Netns;
  readonly settings: InnerSettings;
  /** The link below; '' when it stands on nothing. */
  readonly master: string;
  /** What it is called until it has its own name: on the way in, the kernel looks for the name on the host too. */
  readonly temporary: string;
}

/** Under which name {@link planLink} keeps the link as it was made. */
export const MADE = 'made';

/** The steps after which the link is in the container, under its name, down and without addresses. */
export function planLink({ kind, name, netns, settings, master, temporary }: InnerLink): Plan {
  const { mtu, mac, type, below } = settings;
  const { ifName } = name;
  const size = mtu > 0 ? ip.part`mtu ${mtu}` : ip.none;
  const address = mac === undefined ? ip.none : ip.part`address ${mac}`;
  const on = master === '' ? ip.none : ip.part`link ${master}`;
  const failing = `failed to create ${kind.name}`;
  const alias = linkAlias(name);
  const plan = new Plan();
  if (below === undefined || below.inContainer) {
    plan
      .inside(netns, ip`link add ${on} name ${ifName} ${size} ${address} ${type}`, {
        undo: ip`link del dev ${ifName}`,
        failing,
      })
      .inside(netns, ip`link set dev ${ifName} alias ${alias}`, { failing });
  } else {
    plan
      .host(ip`link add ${on} name ${temporary} ${size} ${address} netns ${netns.path} ${type}`, {
        undo: ip`link del dev ${temporary}`,
        undoIn: netns,
        failing,
      })
      .inside(netns, ip`link set dev ${temporary} name ${ifName} alias ${alias}`, {
        undo: ip`link del dev ${ifName}`,
        failing: `failed to rename ${kind.name} to "${ifName}"`,
      });
  }
  return plan.inside(netns, ip`link show dev ${ifName}`, { capture: MADE });
}

/** The steps that set the link up, with the addresses and routes that the IPAM plugin gave, if there is one. */
export async function planUse(
  { kind, netns, name: { ifName } }: InnerLink,
  leased: Result | undefined,
  options: RunOptions,
): Promise<Plan> {
  const plan = new Plan();
  if (leased === undefined) {
    return plan.inside(netns, ip`link set dev ${ifName} up`, { failing: `failed to set "${ifName}" UP` });
  }
  if (kind.announces) {
    // Who had the address before is forgotten by the neighbours at once.
    plan.sysctl(netns, `net/ipv4/conf/${ifName}/arp_notify`, '1', { optional: true, fresh: true });
    plan.sysctl(netns, `net/ipv6/conf/${ifName}/ndisc_notify`, '1', { optional: true, fresh: true });
  }
  const ips = ipsOf(leased);
  // The network is not ours alone, so the kernel may look whether somebody has the address.
  planLayer3(plan, netns, ifName, { ips, routes: leased.routes ?? [] }, { detectDuplicates: true });
  if (ips.some(({ gateway }) => gateway?.includes(':') === true)) {
    plan.do(netns, settleAction(ifName, options, 'somebody else in this network may have it'), { failing: '' });
  }
  return plan;
}

/** Where the link below is. */
export function placeOfMaster({ below }: InnerSettings, netns: Netns): Netns {
  return below?.inContainer === true ? netns : ownNetns();
}

/** What the runtime is told of a link in a container. */
export function resultOf(
  { ifName, netns }: AttachmentCall<unknown>,
  { dns }: InnerSettings,
  mac: string | undefined,
  leased: Result | undefined,
): Result {
  const told = dns === 'ipam' ? leased?.dns : dns;
  return {
    interfaces: [{ name: ifName, ...(mac === undefined ? {} : { mac }), sandbox: netns }],
    ...(leased === undefined
      ? {}
      : { ips: ipsOf(leased).map((config) => ({ ...config, interface: 0 })), routes: leased.routes ?? [] }),
    ...(told === undefined ? {} : { dns: told }),
  };
}
