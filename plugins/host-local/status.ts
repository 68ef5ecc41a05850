import type { RangeSet } from '../../pkg/ipam/range.ts';
import { occupancy, refuseUnusable } from '../../pkg/ipam/status.ts';
import type { Call } from '../../pkg/skel/plugin.ts';
import { notAvailable } from '../../pkg/types/error.ts';
import { rangeSetsOf, storeOptions } from './config.ts';
import type { HostLocalConf } from './schema.ts';

/**
 * Fails for what makes every ADD fail until somebody acts. A full range does not: the node would become NotReady
 * and its healthy pods evicted, so that is only said.
 */
export async function status(call: Call<HostLocalConf>): Promise<void> {
  const sets = readSets(call);
  const options = storeOptions(call);
  refuseUnusable(options);
  const { tight, isFull } = await occupancy(options, sets);
  for (const line of tight) options.warn(line);
  if (!isFull || call.conf.ipam?.statusWhenFull !== true) return;
  throw notAvailable('host-local', `${tight.join('; ')}; "statusWhenFull": true makes this an error`);
}

function readSets(call: Call<HostLocalConf>): readonly RangeSet[] {
  try {
    return rangeSetsOf(call);
  } catch (thrown) {
    throw notAvailable('host-local', thrown);
  }
}
