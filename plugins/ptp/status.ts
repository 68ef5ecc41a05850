import { refuseStuckForwarding, refuseWithoutMasquerade } from '../../pkg/attach/pair/check.ts';
import { needsIpProgram } from '../../pkg/plan/options.ts';
import type { Call } from '../../pkg/skel/plugin.ts';
import { findProgram } from '../../pkg/sys/process/find-program.ts';
import { notAvailable } from '../../pkg/types/error.ts';
import type { PtpConf } from './schema.ts';
import { type PtpSettings, settingsOf } from './settings.ts';

/** Fails for what makes every ADD fail. */
export async function status(call: Call<PtpConf>): Promise<void> {
  const { ipam, ipMasq, ipMasqBackend } = readSettings(call);
  await call.delegate.run({ type: ipam, verb: 'STATUS', config: call.configText });
  try {
    if (needsIpProgram(call.environment)) findProgram('ip', call.environment);
    refuseStuckForwarding();
    if (ipMasq) await refuseWithoutMasquerade(ipMasqBackend);
  } catch (thrown) {
    throw notAvailable('ptp', thrown);
  }
}

function readSettings(call: Call<PtpConf>): PtpSettings {
  try {
    return settingsOf(call);
  } catch (thrown) {
    throw notAvailable('ptp', thrown);
  }
}
