import { formatAddress } from '../../pkg/addr/address.ts';
import { readConfig } from '../../pkg/config/read.ts';
import type { RangeSet } from '../../pkg/ipam/range.ts';
import type { AttachmentCall, JsonObject } from '../../pkg/skel/plugin.ts';
import { CniError } from '../../pkg/types/error.ts';
import { type BridgeConf, bridgeSchema } from '../../plugins/bridge/schema.ts';
import { settingsOf } from '../../plugins/bridge/settings.ts';
import { delegateConf } from '../../plugins/flannel/delegate-conf.ts';
import { flannelSchema } from '../../plugins/flannel/schema.ts';
import { subnetsIfAny } from '../../plugins/flannel/subnets.ts';
import { rangeSetsOf } from '../../plugins/host-local/config.ts';
import { hostLocalSchema } from '../../plugins/host-local/schema.ts';
import { callOf } from '../lint/call.ts';
import type { LintDocument } from '../lint/document.ts';

/** What a list makes of a network with a bridge. */
export interface Network {
  readonly name: string;
  readonly file: string;
  readonly bridge: string;
  /** Addresses that the bridge is to have, with prefix lengths; none without a gateway. */
  readonly gateways: readonly string[];
  /** Where the containers' addresses are from; empty when not from host-local. */
  readonly sets: readonly RangeSet[];
  readonly dataDir: string;
}

/** Where host-local keeps leases unless it is told otherwise. */
export const LEASES = '/var/lib/cni/networks';

/** The networks with bridges; what cannot be read has been found by others. */
export async function networksOf(documents: readonly LintDocument[]): Promise<readonly Network[]> {
  return documents.flatMap((document) => {
    const [main] = document.entries;
    try {
      const raw = main?.type === 'flannel' ? delegated(document, main.raw) : main?.raw;
      return raw === undefined || (main?.type !== 'bridge' && raw['type'] !== 'bridge')
        ? []
        : [networkOf(document, raw)];
    } catch (thrown) {
      if (thrown instanceof CniError) return [];
      throw thrown;
    }
  });
}

/** What flannel gives to bridge; nothing before flanneld has said which subnets this node has. */
function delegated(document: LintDocument, raw: JsonObject): JsonObject | undefined {
  const { conf } = readConfig(flannelSchema, raw, '');
  const call = { ...callOf(document, raw, conf), conf };
  const subnets = subnetsIfAny(call);
  // Written and read again, as the delegate gets it.
  return subnets && (JSON.parse(JSON.stringify(delegateConf(call, subnets), unordered)) as JsonObject);
}

function unordered(_: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value;
}

function networkOf(document: LintDocument, raw: JsonObject): Network {
  const { conf } = readConfig(bridgeSchema, raw, '');
  const settings = settingsOf(callOf(document, raw, conf) as AttachmentCall<BridgeConf>);
  const isHostLocal = settings.ipam === 'host-local';
  const ranges = isHostLocal ? readConfig(hostLocalSchema, raw, '', false).conf : undefined;
  const sets = ranges === undefined ? [] : rangeSetsOf({ ...callOf(document, raw, ranges), conf: ranges });
  const gateways = sets.flatMap(([first]) => {
    return first === undefined ? [] : [`${formatAddress(first.gateway)}/${first.subnet.length}`];
  });
  return {
    name: document.name,
    file: document.file,
    bridge: settings.bridge,
    gateways: settings.isGateway ? gateways : [],
    sets,
    dataDir: ranges?.ipam?.dataDir || LEASES,
  };
}
