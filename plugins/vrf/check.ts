import { inContainer } from '../../pkg/netns/container.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { CniError, ErrorCode, missingPrevResult } from '../../pkg/types/error.ts';
import type { VrfCall } from './add.ts';
import { lookAtLinks, tableOf } from './look.ts';
import { settingsOf } from './settings.ts';

/** Fails when the interface is not in its VRF, or the VRF has another table. */
export async function check(call: VrfCall): Promise<void> {
  const { vrf, table } = settingsOf(call.conf);
  const { ifName } = call;
  if (call.prevResult === undefined) throw missingPrevResult();
  const difference = await inContainer(call.netns, async (netns) => {
    const options = await runOptions(call.environment, 'vrf');
    const { named, link } = await lookAtLinks(netns, vrf, ifName, options);
    if (named === undefined) return 'Link not found';
    if (tableOf(named) === 0) return `Netlink ${vrf} is not a VRF`;
    if (link?.master !== vrf) return `failed to find ${ifName} associated to vrf ${vrf}`;
    if (table !== 0 && table !== tableOf(named)) return `VRF ${vrf} has table ${tableOf(named)}, expected ${table}`;
    return named.flags.includes('UP') ? undefined : `VRF ${vrf} is down`;
  });
  if (difference === undefined) return;
  throw new CniError(ErrorCode.internal, difference, `expected ${ifName} in the VRF ${vrf}; DEL and ADD put it right`);
}
