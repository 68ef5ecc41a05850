import { formatAddress } from '../../pkg/addr/address.ts';
import { type Allocated, type AllocationRequest, allocate } from '../../pkg/ipam/allocate.ts';
import { withLeases } from '../../pkg/ipam/store.ts';
import { podFrom } from '../../pkg/record/record.ts';
import { isRecorded } from '../../pkg/record/recorded.ts';
import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { readList } from '../../pkg/types/decode.ts';
import { readRoute } from '../../pkg/types/parse-result.ts';
import type { IpConfig, Result } from '../../pkg/types/result.ts';
import { ipamOf, rangeSetsOf, requestedOf, storeOptions } from './config.ts';
import { readResolvConf } from './resolv-conf.ts';
import type { HostLocalConf } from './schema.ts';

type AddCall = AttachmentCall<HostLocalConf>;

/** Gives one address from each range set. */
export async function add(call: AddCall): Promise<Result> {
  const request = requestOf(call);
  // Refused before anything is leased.
  const resultFor = await resultMaker(call);
  // One note about an attachment is enough, and the caller's says more.
  const noted = isRecorded(call.environment) ? {} : { attachment: { netns: call.netns, args: call.args } };
  const leased = await withLeases({ ...storeOptions(call), ...noted }, true, (store) => allocate(store, request));
  return resultFor(leased ?? []);
}

/** What a call asks the leases for. */
export function requestOf(call: AddCall): AllocationRequest {
  const ipam = ipamOf(call);
  const requested = requestedOf(call);
  const rangeSets = rangeSetsOf(call);
  const { containerId, ifName } = call;
  return {
    owner: { containerId, ifName },
    rangeSets,
    requested,
    reclaim: ipam.reclaim ?? true,
    stickyPod: ipam.sticky === true ? podName(call.args) : undefined,
  };
}

/** Reads what goes with the addresses, and gives who puts them together. */
export async function resultMaker(call: AddCall): Promise<(allocated: readonly Allocated[]) => Result> {
  const ipam = ipamOf(call);
  const routes = readList(ipam.routes, 'ipam.routes', 'route objects', readRoute) ?? [];
  const dns = ipam.resolvConf ? readResolvConf(ipam.resolvConf) : undefined;
  return (allocated) => {
    const ips: IpConfig[] = [];
    for (const { address, range } of allocated) {
      ips.push({ address: `${formatAddress(address)}/${range.subnet.length}`, gateway: formatAddress(range.gateway) });
    }
    return { ips, routes, ...(dns === undefined ? {} : { dns }) };
  };
}

function podName(args: string): string | undefined {
  const pod = podFrom(args);
  return pod === undefined ? undefined : `${pod.namespace}/${pod.name}`;
}
