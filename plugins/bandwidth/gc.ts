import { collectRecorded } from '../../pkg/attach/gc.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import type { GcCall } from '../../pkg/skel/plugin.ts';
import { removeIfb } from './remove-ifb.ts';
import type { BandwidthConf } from './schema.ts';

/** Removes the links of what no valid attachment of this network has. */
export async function gc(call: GcCall<BandwidthConf>): Promise<void> {
  const options = await runOptions(call.environment, 'bandwidth');
  await collectRecorded(
    { ...call, conf: {} },
    {
      plugin: 'bandwidth',
      done: 'removed',
      async remove({ data }) {
        if (typeof data['ifb'] === 'string') await removeIfb(data['ifb'], options);
      },
    },
  );
}
