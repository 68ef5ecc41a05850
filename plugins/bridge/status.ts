import { linkIn, lookAt } from '../../pkg/attach/links.ts';
import { refuseStuckForwarding, refuseWithoutMasquerade } from '../../pkg/attach/pair/check.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { needsIpProgram, runOptions } from '../../pkg/plan/options.ts';
import type { Call } from '../../pkg/skel/plugin.ts';
import { fs } from '../../pkg/sys/files/files.ts';
import { findProgram } from '../../pkg/sys/process/find-program.ts';
import { notAvailable } from '../../pkg/types/error.ts';
import { refuseOtherKind } from './bridge-link.ts';
import type { BridgeConf } from './schema.ts';
import { type BridgeSettings, settingsOf } from './settings.ts';

/** There as soon as the kernel shows the frames of bridges to iptables. */
const BRIDGE_FILTER = '/proc/sys/net/bridge/bridge-nf-call-iptables';

/** Fails for what makes every ADD fail; what only makes traffic go other ways than expected is said on stderr. */
export async function status(call: Call<BridgeConf>): Promise<void> {
  const settings = readSettings(call);
  if (settings.ipam !== '') await call.delegate.run({ type: settings.ipam, verb: 'STATUS', config: call.configText });
  try {
    if (needsIpProgram(call.environment)) findProgram('ip', call.environment);
    const [bridge] = await lookAt([linkIn(ownNetns(), settings.bridge)], await runOptions(call.environment, 'bridge'));
    refuseOtherKind(settings.bridge, bridge);
    if (settings.isGateway) refuseStuckForwarding();
    if (settings.ipMasq) await refuseWithoutMasquerade(settings.ipMasqBackend);
  } catch (thrown) {
    throw notAvailable('bridge', thrown);
  }
  if (!fs().existsSync(BRIDGE_FILTER)) {
    call.warn(
      'bridge: br_netfilter is not loaded: packets from one container to another on the same bridge pass no iptables ' +
        'rules, so a service may not answer a container beside its own; `modprobe br_netfilter` loads it',
    );
  }
}

function readSettings(call: Call<BridgeConf>): BridgeSettings {
  try {
    // CNI_ARGS belong to an attachment, and there is none.
    return settingsOf({ ...call, args: '' });
  } catch (thrown) {
    throw notAvailable('bridge', thrown);
  }
}
