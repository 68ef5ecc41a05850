import { needsIpProgram } from '../../pkg/plan/options.ts';
import type { Call } from '../../pkg/skel/plugin.ts';
import { findProgram } from '../../pkg/sys/process/find-program.ts';
import { notAvailable } from '../../pkg/types/error.ts';
import type { BandwidthConf } from './schema.ts';
import { limitsOf } from './settings.ts';

/** Fails for what makes every ADD fail: rates that cannot be, and no program where one is needed. */
export async function status({ conf, environment }: Call<BandwidthConf>): Promise<void> {
  try {
    limitsOf(conf);
    if (needsIpProgram(environment)) for (const program of ['ip', 'tc']) findProgram(program);
  } catch (thrown) {
    throw notAvailable('bandwidth', thrown);
  }
}
