import { needsIpProgram } from '../../pkg/plan/options.ts';
import type { Call } from '../../pkg/skel/plugin.ts';
import { findProgram } from '../../pkg/sys/process/find-program.ts';
import { notAvailable } from '../../pkg/types/error.ts';
import type { HostDeviceConf } from './schema.ts';
import { refuseConfigured } from './sought.ts';

/** Fails for what makes every ADD fail. That the device is not there is no such thing: a container may have it. */
export async function status(call: Call<HostDeviceConf>): Promise<void> {
  const type = call.conf.ipam?.type ?? '';
  if (type !== '') await call.delegate.run({ type, verb: 'STATUS', config: call.configText });
  try {
    if (needsIpProgram(call.environment)) findProgram('ip', call.environment);
    refuseConfigured(call.conf);
  } catch (thrown) {
    throw notAvailable('host-device', thrown);
  }
}
