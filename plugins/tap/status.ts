import type { Call } from '../../pkg/skel/plugin.ts';
import { statusOf } from '../../pkg/sys/files/files.ts';
import { findProgram } from '../../pkg/sys/process/find-program.ts';
import { CniError, ErrorCode, notAvailable } from '../../pkg/types/error.ts';
import type { TapConf } from './schema.ts';
import { settingsOf } from './settings.ts';

const DEVICE = '/dev/net/tun';

/** Fails for what makes every ADD fail. */
export async function status(call: Call<TapConf>): Promise<void> {
  const type = call.conf.ipam?.type ?? '';
  if (type !== '') await call.delegate.run({ type, verb: 'STATUS', config: call.configText });
  try {
    // CNI_ARGS belong to an attachment, and there is none.
    settingsOf({ ...call, args: '' });
    // The only thing that cannot be asked of the kernel by rtnetlink.
    findProgram('ip', call.environment);
    if (statusOf(DEVICE) !== undefined) return;
    throw new CniError(ErrorCode.io, `there is no ${DEVICE}`, '`modprobe tun` makes it');
  } catch (thrown) {
    throw notAvailable('tap', thrown);
  }
}
