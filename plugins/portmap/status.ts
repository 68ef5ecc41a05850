import { masqueradeProblem } from '../../pkg/netfilter/backend.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import type { Call } from '../../pkg/skel/plugin.ts';
import { CniError, ErrorCode, notAvailable } from '../../pkg/types/error.ts';
import type { PortmapConf } from './schema.ts';
import { settingsOf } from './settings.ts';

const TIMEOUT_MS = 30_000;

/** Fails for what makes every ADD with ports fail. */
export async function status(call: Call<PortmapConf>): Promise<void> {
  try {
    const { backend } = settingsOf(call.conf, '');
    const problem = await masqueradeProblem(ownNetns(), backend, TIMEOUT_MS);
    if (problem !== undefined) throw new CniError(ErrorCode.internal, 'ports cannot be mapped', problem);
  } catch (thrown) {
    throw notAvailable('portmap', thrown);
  }
}
