import { runOptions } from '../../pkg/plan/options.ts';
import type { AttachmentRecord } from '../../pkg/record/record.ts';
import { RecordStore, recordFolder } from '../../pkg/record/store.ts';
import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { CniError, ErrorCode, toCniError } from '../../pkg/types/error.ts';
import type { Result } from '../../pkg/types/result.ts';
import { releaseAddresses } from './ipam.ts';
import { notesOf } from './notes.ts';
import type { BridgeConf } from './schema.ts';
import { type Remains, tearDown } from './teardown.ts';

type DelCall = AttachmentCall<BridgeConf>;

/** Takes the container off the bridge, with whatever is still there and whatever is still known. */
export async function del(call: DelCall): Promise<void> {
  const records = new RecordStore(recordFolder(call.environment));
  const record = recordOf(call, records);
  const options = await runOptions(call.environment, 'bridge');
  const { linkFailure, otherFailures } = await tearDown(remainsOf(call, record), options, call.warn);
  const failures = [...otherFailures];
  if (linkFailure !== undefined) failures.unshift(linkFailure);
  else failures.push(...(await releaseAddresses(call, record && notesOf(record.data).ipam)));
  if (failures.length > 0) throw together(failures);
  const { network, containerId, ifName } = call;
  const warning = records.remove({ network, containerId, ifName, plugin: 'bridge' });
  if (warning !== undefined) call.warn(`bridge: ${warning}`);
}

function recordOf(call: DelCall, records: RecordStore): AttachmentRecord | undefined {
  const { network, ifName } = call;
  const { records: found, warnings } = records.readForContainer(call.containerId);
  for (const warning of warnings) call.warn(`bridge: ${warning}`);
  for (const record of found) {
    if (record.plugin === 'bridge' && record.network === network && record.ifName === ifName) return record;
  }
  return undefined;
}

/** Our own note knows best; without it the previous result and the configuration have to do. */
function remainsOf(call: DelCall, record: AttachmentRecord | undefined): Remains {
  const { network, containerId, ifName, conf } = call;
  const name = { network, containerId, ifName };
  if (record !== undefined) {
    const { hostLink, addresses, masquerade, spoofCheck } = notesOf(record.data);
    return { name, netns: call.netns, hostLinks: [hostLink], addresses, masquerade, spoofCheck };
  }
  const result = previousResult(call);
  return {
    name,
    netns: call.netns,
    hostLinks: hostLinksIn(result),
    addresses: result?.ips?.map(({ address }) => address),
    masquerade: conf.ipMasq === true ? ['iptables', 'nftables'] : [],
    spoofCheck: conf.macspoofchk ?? false,
  };
}

/** One that cannot be read is as good as none: it must not keep anything from being removed. */
function previousResult(call: DelCall): Result | undefined {
  try {
    return call.prevResult;
  } catch (thrown) {
    call.warn(`bridge: ${toCniError(thrown)}`);
    return undefined;
  }
}

/** Host's ends as the reference names them; the bridge and a VLAN's gateway are not this attachment's. */
function hostLinksIn(result: Result | undefined): readonly string[] {
  const ours = (result?.interfaces ?? []).filter(({ name, sandbox }) => !sandbox && /^veth[\da-f]{8}$/.test(name));
  return ours.map(({ name }) => name);
}

function together(failures: readonly unknown[]): CniError {
  const [first, ...others] = failures.map(toCniError);
  if (first === undefined || others.length === 0) return first ?? new CniError(ErrorCode.internal, 'DEL failed');
  const details = [first.details, ...others.map((other) => `also: ${other}`)].filter((text) => text !== '');
  return new CniError(first.code, first.message, details.join('; '), { cause: failures[0] });
}
