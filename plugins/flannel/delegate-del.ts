import { PluginLookupError } from '../../pkg/delegate/find-plugin.ts';
import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { readFields } from '../../pkg/types/decode.ts';
import { compactJson } from './compact-json.ts';
import type { DelegateConf } from './delegate-conf.ts';
import type { FlannelConf } from './schema.ts';
import { removeWithoutDelegate } from './without-delegate.ts';

/** Has the delegate remove its part; where there is no such plugin any more, what can be removed without it. */
export async function delegateDel(call: AttachmentCall<FlannelConf>, conf: DelegateConf): Promise<void> {
  const config = compactJson(withPrevResult(call, conf));
  try {
    await call.delegate.run({ type: conf.type, verb: 'DEL', config });
  } catch (thrown) {
    if (!(thrown instanceof PluginLookupError) || thrown.type !== conf.type) throw thrown;
    await removeWithoutDelegate(call, conf, thrown);
  }
}

/** The reference does without; a delegate that keeps no record finds more with it. */
function withPrevResult(call: AttachmentCall<FlannelConf>, conf: DelegateConf): DelegateConf {
  const { prevResult, cniVersion } = readFields(call.rawConf, '', ['prevResult', 'cniVersion']);
  // It is of the version of today's configuration, and has to fit the one it is put into.
  if (prevResult === undefined || conf['cniVersion'] !== cniVersion) return conf;
  return { ...conf, prevResult };
}
