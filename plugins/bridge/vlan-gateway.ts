import { randomLinkName } from '../../pkg/attach/identity.ts';
import type { ShownLink } from '../../pkg/attach/links.ts';
import { ip } from '../../pkg/ip/command.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import type { Plan } from '../../pkg/plan/plan.ts';
import { type SharedBridge, unlessUsed } from './bridge-link.ts';
import { planPortVlans } from './port-vlans.ts';

/** The link that has the gateway's address: the bridge, or where the containers are in a VLAN a port of it in that VLAN. */
export function gatewayLinkName(bridge: string, vlan: number): string {
  return vlan === 0 ? bridge : `${bridge}.${vlan}`;
}

/** The steps after which the host has a port in the VLAN: one end of a pair is the port, the other has the address. */
export function planVlanGateway(
  plan: Plan,
  shared: SharedBridge,
  vlan: number,
  { found, mac }: { readonly found: ShownLink | undefined; readonly mac: string },
): void {
  const { bridge, mtu } = shared.settings;
  const link = gatewayLinkName(bridge, vlan);
  if (found !== undefined) {
    if (!found.flags.includes('UP')) plan.host(ip`link set dev ${link} up`);
    return;
  }
  const port = randomLinkName();
  const bridgeMtu = shared.found?.mtu ?? mtu;
  const size = bridgeMtu > 0 ? ip.part`mtu ${bridgeMtu}` : ip.none;
  const failing = `failed to create vlan interface: "${link}"`;
  plan
    .host(ip`link add name ${port} ${size} txqueuelen 0 type veth peer name ${link} ${size} address ${mac}`, {
      undo: unlessUsed(shared, ip`link del dev ${port}`, port),
      failing,
    })
    .host(ip`link set dev ${port} master ${bridge} up`, { failing });
  planPortVlans(plan, port, { access: vlan, trunk: [], keepsDefault: false }, { options: shared.options, failing });
  plan
    .host(ip`link set dev ${link} up`, { failing })
    .sysctl(ownNetns(), `net/ipv6/conf/${port}/accept_ra`, '0', { optional: true, fresh: true });
}
