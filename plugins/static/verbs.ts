import type { AttachmentCall, Call } from '../../pkg/skel/plugin.ts';
import { readList } from '../../pkg/types/decode.ts';
import { CniError, ErrorCode, missingPrevResult, notAvailable } from '../../pkg/types/error.ts';
import { readDns, readRoute } from '../../pkg/types/parse-result.ts';
import type { Result } from '../../pkg/types/result.ts';
import { addressesOf, ipamOf } from './addresses.ts';
import type { StaticConf } from './schema.ts';

/** Gives the addresses, routes and resolver settings as they are configured. */
export async function add(call: AttachmentCall<StaticConf>): Promise<Result> {
  return resultOf(call);
}

function resultOf(call: Call<StaticConf>): Result {
  const ipam = ipamOf(call);
  const ips = [...addressesOf(call)];
  const routes = readList(ipam.routes, 'ipam.routes', 'route objects', readRoute) ?? [];
  const dns = readDns(ipam.dns, 'ipam.dns');
  return { ips, routes, ...(dns === undefined ? {} : { dns }) };
}

/** Addresses that the previous result has too must have the configured gateway there. */
export async function check(call: AttachmentCall<StaticConf>): Promise<void> {
  const addresses = addressesOf(call);
  const { prevResult } = call;
  if (prevResult === undefined) throw missingPrevResult();
  for (const { address, gateway } of addresses) {
    const ip = hostOf(address);
    const found = prevResult.ips?.find((candidate) => hostOf(candidate.address) === ip);
    if (found === undefined || gateway === undefined || found.gateway === gateway) continue;
    throw new CniError(
      ErrorCode.internal,
      `static: Failed to match addr ${ip} on interface ${call.ifName}`,
      `prevResult has gateway ${found.gateway ?? 'none'}, the configuration ${gateway}; DEL and ADD apply the latter`,
    );
  }
}

/** What no ADD could be done with is reported before one is tried. */
export async function status(call: Call<StaticConf>): Promise<void> {
  try {
    resultOf(call);
  } catch (thrown) {
    throw notAvailable('static', thrown);
  }
}

function hostOf(address: string): string {
  return address.slice(0, address.indexOf('/'));
}
