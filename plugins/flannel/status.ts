import { PluginLookupError } from '../../pkg/delegate/find-plugin.ts';
import type { Call } from '../../pkg/skel/plugin.ts';
import { notAvailable } from '../../pkg/types/error.ts';
import { compactJson } from './compact-json.ts';
import { type DelegateConf, delegateConf, refuseReservedKeys } from './delegate-conf.ts';
import type { FlannelConf } from './schema.ts';
import { subnetsNow } from './subnets.ts';

/** Fails for what makes every ADD fail: nothing from flanneld, a wrong configuration, or what the delegate says. */
export async function status(call: Call<FlannelConf>): Promise<void> {
  const conf = await confNow(call);
  try {
    await call.delegate.run({ type: conf.type, verb: 'STATUS', config: compactJson(conf) });
  } catch (thrown) {
    throw thrown instanceof PluginLookupError ? notAvailable('flannel', thrown) : thrown;
  }
}

async function confNow(call: Call<FlannelConf>): Promise<DelegateConf> {
  try {
    refuseReservedKeys(call);
    return delegateConf(call, await subnetsNow(call));
  } catch (thrown) {
    throw notAvailable('flannel', thrown);
  }
}
