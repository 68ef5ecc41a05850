import { quote } from '../../pkg/plan/action.ts';
import type { AttachmentCall, PlannedAdd } from '../../pkg/skel/plugin.ts';
import { targetOf } from './attachment.ts';
import { compactJson } from './compact-json.ts';
import { delegateConf, refuseReservedKeys } from './delegate-conf.ts';
import type { FlannelConf } from './schema.ts';
import { ownText } from './stored.ts';
import { subnetsNow } from './subnets.ts';

/** What an ADD would do now; the delegate is asked for its plan. A subnetFile that is not there is not waited for. */
export async function plan(call: AttachmentCall<FlannelConf>): Promise<PlannedAdd> {
  refuseReservedKeys(call);
  const conf = delegateConf(call, await subnetsNow(call));
  const config = compactJson(conf);
  const { place, key } = targetOf(call);
  const result = await call.delegate.add({ type: conf.type, config });
  const text = place.isShared ? config : ownText(key, config);
  const note = `keeps what ${conf.type} is told, for the DEL`;
  const write = `printf %s ${quote(text)} > ${quote(place.file)}`;
  const lines = [`(umask 077; mkdir -p ${quote(place.folder)}; ${write})`];
  return { result, steps: [{ place: 'host', note, lines }] };
}
