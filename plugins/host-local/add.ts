import { formatAddress } from '../../pkg/addr/address.ts';
import { allocate } from '../../pkg/ipam/allocate.ts';
import { withLeases } from '../../pkg/ipam/store.ts';
import { podFrom } from '../../pkg/record/record.ts';
import { isRecorded } from '../../pkg/record/recorded.ts';
import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { readList } from '../../pkg/types/decode.ts';
import { readRoute } from '../../pkg/types/parse-result.ts';
import type { IpConfig, Result } from '../../pkg/types/result.ts';
import { ipamOf, rangeSetsOf, requestedOf, storeOptions } from './config.ts';
import type { HostLocalConf } from './schema.ts';

/** Gives one address from each range set. */
export async function add(call: AttachmentCall<HostLocalConf>): Promise<Result> {
  const ipam = ipamOf(call);
  const requested = requestedOf(call);
  const rangeSets = rangeSetsOf(call);
  const routes = readList(ipam.routes, 'ipam.routes', 'route objects', readRoute) ?? [];
  const dns = ipam.resolvConf ? (await import('./resolv-conf.ts')).readResolvConf(ipam.resolvConf) : undefined;
  const { containerId, ifName } = call;
  const allocated = await withLeases(
    // One note about an attachment is enough, and the caller's says more.
    {
      ...storeOptions(call),
      ...(isRecorded(call.environment) ? {} : { attachment: { netns: call.netns, args: call.args } }),
    },
    true,
    (store) =>
      allocate(store, {
        owner: { containerId, ifName },
        rangeSets,
        requested,
        reclaim: ipam.reclaim ?? true,
        stickyPod: ipam.sticky === true ? podName(call.args) : undefined,
      }),
  );
  const ips: IpConfig[] = [];
  for (const { address, range } of allocated ?? []) {
    ips.push({
      address: `${formatAddress(address)}/${range.subnet.length}`,
      gateway: formatAddress(range.gateway),
    });
  }
  return { ips, routes, ...(dns === undefined ? {} : { dns }) };
}

function podName(args: string): string | undefined {
  const pod = podFrom(args);
  return pod === undefined ? undefined : `${pod.namespace}/${pod.name}`;
}
