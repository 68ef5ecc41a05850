import { randomLinkName } from '../../pkg/attach/identity.ts';
import type { ShownLink } from '../../pkg/attach/links.ts';
import { configError } from '../../pkg/config/config-error.ts';
import { bridge, ip } from '../../pkg/ip/command.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { ipAction, printAction, type WorkAction } from '../../pkg/plan/action.ts';
import { type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { type ShownPort, type ShownVlan, vlanForm } from '../../pkg/rtnl/link/vlan.ts';
import { type SharedBridge, unlessUsed } from './bridge-link.ts';
import type { BridgeConf } from './schema.ts';
import type { BridgeSettings } from './settings.ts';

/** In which VLANs a container's port is. */
export interface PortVlans {
  /** The VLAN of the container's untagged frames; 0: none of its own. */
  readonly access: number;
  /** The VLANs that pass tagged, ascending. */
  readonly trunk: readonly number[];
  /** Whether the port stays in the bridge's default VLAN as well. */
  readonly keepsDefault: boolean;
}

const LAST_VLAN = 4094;

/** The VLAN in which untagged frames of a port with only a trunk are. */
export const NATIVE_VLAN = 1;

/** The VLANs that a configuration asks for; `undefined` when it asks for none, and the bridge needs no filter. */
export function portVlansOf(conf: BridgeConf): PortVlans | undefined {
  const access = conf.vlan ?? 0;
  if (access < 0 || access > LAST_VLAN) {
    throw configError(
      `invalid VLAN ID ${access} (must be between 0 and ${LAST_VLAN})`,
      'vlan',
      access,
      `0 for none, or 1 to ${LAST_VLAN}`,
    );
  }
  if (access === 0 && conf.vlanTrunk === undefined) return undefined;
  return { access, trunk: trunkOf(conf.vlanTrunk ?? []), keepsDefault: conf.preserveDefaultVlan ?? false };
}

function trunkOf(entries: NonNullable<BridgeConf['vlanTrunk']>): readonly number[] {
  const vlans = new Set<number>();
  for (const [index, { id, minID, maxID }] of entries.entries()) {
    const key = `vlanTrunk[${index}]`;
    if (minID !== undefined && maxID !== undefined) {
      refuseUnless(isVlan(minID), 'incorrect trunk minID parameter', `${key}.minID`, minID);
      refuseUnless(isVlan(maxID), 'incorrect trunk maxID parameter', `${key}.maxID`, maxID);
      refuseUnless(
        minID <= maxID,
        'minID is greater than maxID in trunk parameter',
        `${key}.minID`,
        minID,
        `at most maxID, ${maxID}`,
      );
      for (let vlan = minID; vlan <= maxID; vlan += 1) vlans.add(vlan);
    } else if (minID !== undefined || maxID !== undefined) {
      const missing = minID === undefined ? 'minID' : 'maxID';
      const message = `minID and maxID should be configured simultaneously, ${missing} is missing`;
      throw configError(message, `${key}.${missing}`, undefined, 'the other end of the range');
    }
    if (id !== undefined) {
      refuseUnless(isVlan(id), 'incorrect trunk id parameter', `${key}.id`, id);
      vlans.add(id);
    }
  }
  return [...vlans].sort((a, b) => a - b);
}

function isVlan(id: number): boolean {
  return id >= 1 && id <= LAST_VLAN;
}

function refuseUnless(fits: boolean, message: string, key: string, found: number, wanted = `1 to ${LAST_VLAN}`): void {
  if (!fits) throw configError(message, key, found, wanted);
}

/** {@link runOptions} of bridge, which knows VLANs of ports only where there are any. */
export async function bridgeOptions(
  environment: Readonly<Record<string, string | undefined>>,
  { vlans }: BridgeSettings,
): Promise<RunOptions> {
  if (vlans === undefined) return runOptions(environment, 'bridge');
  return runOptions(environment, 'bridge', vlanForm);
}

/** The steps that put a port into its VLANs, and out of the one that the bridge puts every new port into. */
export function planPortVlans(
  plan: Plan,
  port: string,
  { access, trunk, keepsDefault }: PortVlans,
  { options, failing }: { readonly options: RunOptions; readonly failing: string },
): void {
  const leavesDefault = !keepsDefault && (access !== 0 || trunk.length > 0);
  if (leavesDefault) plan.do(ownNetns(), leavingVlans(port, options), { failing });
  if (access !== 0) plan.host(bridge`vlan add dev ${port} vid ${access} pvid untagged`, { failing });
  for (const range of rangesOf(trunk)) plan.host(bridge`vlan add dev ${port} vid ${range}`, { failing });
  if (access === 0 && trunk.length > 0) {
    // Untagged frames of a port with nothing but a trunk have to be somewhere.
    plan.host(bridge`vlan add dev ${port} vid ${NATIVE_VLAN} pvid untagged`, { failing });
  }
}

/** Which VLAN is the default one is a setting of the bridge that people may have changed. */
function leavingVlans(port: string, options: RunOptions): WorkAction {
  const leave = (vlans: string | number) => bridge`vlan del dev ${port} vid ${vlans}`;
  return {
    kind: 'vlans',
    print: (place) => printAction(ipAction(leave(NATIVE_VLAN)), place),
    async run({ place }) {
      const plan = new Plan();
      for (const { vlan, vlanEnd } of await portVlans(place, port, options)) {
        plan.do(place, ipAction(leave(vlanEnd === undefined ? vlan : `${vlan}-${vlanEnd}`)));
      }
      await runPlan(plan, options);
      return {};
    },
  };
}

/** The VLANs that a port is in. */
export async function portVlans(place: Netns, port: string, options: RunOptions): Promise<readonly ShownVlan[]> {
  const look = new Plan().do(place, ipAction(bridge`-compressvlans vlan show dev ${port}`), { capture: port });
  const shown = ((await runPlan(look, options)).captures.get(port) ?? []) as readonly ShownPort[];
  return shown.find(({ ifname }) => ifname === port)?.vlans ?? [];
}

/** Numbers that follow each other as `first-last`. */
function rangesOf(ids: readonly number[]): readonly string[] {
  const ranges: { first: number; last: number }[] = [];
  for (const id of ids) {
    const open = ranges.at(-1);
    if (open !== undefined && open.last === id - 1) open.last = id;
    else ranges.push({ first: id, last: id });
  }
  return ranges.map(({ first, last }) => (first === last ? String(first) : `${first}-${last}`));
}

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
