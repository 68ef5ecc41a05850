import { PluginLookupError } from '../../pkg/delegate/find-plugin.ts';
import { isObject } from '../../pkg/json/decode.ts';
import type { AttachmentCall, GcCall, JsonObject, ValidAttachment } from '../../pkg/skel/plugin.ts';
import { readFields } from '../../pkg/types/decode.ts';
import { type CniError, failTogether, toCniError } from '../../pkg/types/error.ts';
import { compactJson } from './compact-json.ts';
import { delegateDel } from './del.ts';
import type { DelegateConf } from './delegate-conf.ts';
import { type Leftover, leftoversIn } from './leftovers.ts';
import type { FlannelConf } from './schema.ts';
import { dataDirOf, PLUGIN, rebuiltConf, removeStored } from './stored.ts';

type FlannelGc = GcCall<FlannelConf> & { readonly validAttachments: readonly ValidAttachment[] };

/** The interface of a container of which only the reference's file is left, which does not name it. */
const USUAL_INTERFACE = 'eth0';

/**
 * Takes down the attachments of this network that the runtime does not know any more, each with what it was attached
 * with, and then has the delegate look for what nobody has a note of.
 */
export async function gc(call: GcCall<FlannelConf>): Promise<void> {
  const { validAttachments } = call;
  if (validAttachments === undefined) return;
  call.records.sweep(PLUGIN, call.network);
  const known = { ...call, validAttachments };
  const failures: CniError[] = [];
  const current = rebuiltConf(call, true);
  const confs = [current];
  for (const leftover of leftoversIn(dataDirOf(call.conf), call.network, validAttachments, call.records)) {
    try {
      await removeLeftover(known, leftover);
    } catch (thrown) {
      failures.push(toCniError(thrown));
    }
    if (leftover.conf !== undefined) confs.push(leftover.conf);
  }
  for (const conf of differing(confs)) {
    try {
      await delegateGc(call, conf);
    } catch (thrown) {
      // Of a delegate that is neither configured nor installed any more, nothing is left to ask for.
      if (conf === current || !(thrown instanceof PluginLookupError)) failures.push(toCniError(thrown));
    }
  }
  failTogether(failures);
}

async function removeLeftover(call: FlannelGc, leftover: Leftover): Promise<void> {
  const { containerId, ifName = USUAL_INTERFACE, conf, places, record } = leftover;
  await delegateDel(delCall(call, containerId, ifName), conf ?? rebuiltConf(call, true));
  for (const place of places) removeStored(place);
  const warning = record && call.records.remove(record);
  call.warn(
    `flannel: ${warning ?? `removed what was left of ${containerId} (${leftover.ifName ?? 'all interfaces'})`}`,
  );
}

/** The namespace may be another container's by now; what is on the host is enough. */
function delCall(call: FlannelGc, containerId: string, ifName: string): AttachmentCall<FlannelConf> {
  const variables = { CNI_CONTAINERID: containerId, CNI_IFNAME: ifName, CNI_NETNS: '', CNI_ARGS: '' };
  return {
    ...call,
    verb: 'DEL',
    containerId,
    ifName,
    netns: '',
    prevResult: undefined,
    delegate: {
      add: (request) => call.delegate.add({ ...request, environment: variables }),
      run: (request) => call.delegate.run({ ...request, environment: variables }),
    },
  };
}

async function delegateGc(call: GcCall<FlannelConf>, conf: DelegateConf): Promise<void> {
  const keys = ['cni.dev/valid-attachments', 'cni.dev/attachments', 'cniVersion'] as const;
  const config: JsonObject = { ...conf, ...readFields(call.rawConf, '', keys) };
  await call.delegate.run({ type: conf.type, verb: 'GC', config: compactJson(config) });
}

/** One of each that looks in other places than those before; another subnet is no other place. */
function differing(confs: readonly DelegateConf[]): readonly DelegateConf[] {
  const byPlace = new Map<string, DelegateConf>();
  for (const conf of confs) {
    const { type, dataDir } = isObject(conf['ipam']) ? conf['ipam'] : ({} as JsonObject);
    const place = compactJson([conf.type, String(type), String(dataDir)]);
    if (!byPlace.has(place)) byPlace.set(place, conf);
  }
  return [...byPlace.values()];
}
