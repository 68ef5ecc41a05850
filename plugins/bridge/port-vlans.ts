import { bridge } from '../../pkg/ip/command.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { ipAction, printAction, type WorkAction } from '../../pkg/plan/action.ts';
import { type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { type ShownPort, type ShownVlan, vlanForm } from '../../pkg/rtnl/link/vlan.ts';
import type { BridgeSettings } from './settings.ts';
import { NATIVE_VLAN, type PortVlans } from './vlans.ts';

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
