import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { readFields } from '../../pkg/types/decode.ts';
import { findStored, knownOf } from './attachment.ts';
import { compactJson } from './compact-json.ts';
import { delegateConf, refuseReservedKeys } from './delegate-conf.ts';
import type { FlannelConf } from './schema.ts';
import { subnetsNow } from './subnets.ts';

/** Has the delegate compare what is there with what it was told when it attached the container. */
export async function check(call: AttachmentCall<FlannelConf>): Promise<void> {
  const stored = findStored(knownOf(call)).conf;
  const conf = stored ?? (await confNow(call));
  // Of today's version, as the result is that comes with it.
  const { prevResult, cniVersion } = readFields(call.rawConf, '', ['prevResult', 'cniVersion']);
  const config = compactJson({ ...conf, cniVersion, ...(prevResult === undefined ? {} : { prevResult }) });
  await call.delegate.run({ type: conf.type, verb: 'CHECK', config });
}

async function confNow(call: AttachmentCall<FlannelConf>) {
  call.warn('flannel: what this container was attached with is lost; it is compared with what it would get now');
  refuseReservedKeys(call);
  return delegateConf(call, await subnetsNow(call));
}
