import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { readFields } from '../../pkg/types/decode.ts';
import { CniError, toCniError } from '../../pkg/types/error.ts';
import { findStored, knownOf } from './attachment.ts';
import type { DelegateConf } from './delegate-conf.ts';
import { delegateDel } from './delegate-del.ts';
import { rebuiltConf } from './rebuilt.ts';
import type { FlannelConf } from './schema.ts';
import { removeStored } from './stored.ts';

/**
 * Has the delegate take the container off, with what it was told when it attached it; where that is lost, with what it
 * would be told now. What is stored goes last: as long as something may be left, the next DEL needs it.
 */
export async function del(call: AttachmentCall<FlannelConf>): Promise<void> {
  const known = knownOf(call);
  const { conf, renamed, places, records } = findStored(known);
  const confs: DelegateConf[] = [conf ?? (await rebuilt(call))];
  if (renamed !== undefined) confs.push(renamed);
  const failures: CniError[] = [];
  for (const one of confs) {
    try {
      await delegateDel(call, one);
    } catch (thrown) {
      failures.push(toCniError(thrown));
    }
  }
  const [first, second] = failures;
  if (first !== undefined) throw second === undefined ? first : both(first, second);
  for (const place of places) removeStored(place);
  for (const key of records) {
    const warning = call.records.remove(key);
    if (warning !== undefined) call.warn(`flannel: ${warning}`);
  }
}

/** A runtime that has neither namespace nor result asks for the second time: to look for rules would be in vain. */
async function rebuilt(call: AttachmentCall<FlannelConf>): Promise<DelegateConf> {
  return rebuiltConf(call, call.netns !== '' || readFields(call.rawConf, '', ['prevResult']).prevResult !== undefined);
}

function both(first: CniError, second: CniError): CniError {
  const details = [first.details, `also: ${second}`].filter((text) => text !== '').join('; ');
  return new CniError(first.code, first.message, details, { cause: first });
}
