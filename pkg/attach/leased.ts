import type { ForwardingSetting } from '../plan/forwarding.ts';
import { CniError, ErrorCode } from '../types/error.ts';
import type { IpConfig, Result } from '../types/result.ts';
import type { Layer3 } from './layer3.ts';

/** The addresses that an IPAM plugin gave; none at all is an error. */
export function ipsOf({ ips }: Result): readonly IpConfig[] {
  if (ips !== undefined && ips.length > 0) return ips;
  throw new CniError(
    ErrorCode.internal,
    'IPAM plugin returned missing IP config',
    'its result has no "ips"; expected at least one address, or no ipam section for a link without addresses',
  );
}

/** What an IPAM plugin gave, for the only interface of a result. */
export function layer3Of(leased: Result): Layer3 {
  const ips: IpConfig[] = [];
  for (const { address, gateway } of ipsOf(leased)) {
    ips.push({ address, ...(gateway === undefined ? {} : { gateway }), interface: 0 });
  }
  return { ips, routes: leased.routes ?? [] };
}

/** The settings that have to be on for these gateways to pass packets on. */
export function forwardingSettings(gateways: readonly string[]): readonly ForwardingSetting[] {
  let [hasIpv4, hasIpv6] = [false, false];
  for (const address of gateways) {
    if (address.includes(':')) hasIpv6 = true;
    else hasIpv4 = true;
  }
  const settings: ForwardingSetting[] = [];
  if (hasIpv4) settings.push('net/ipv4/ip_forward');
  if (hasIpv6) settings.push('net/ipv6/conf/all/forwarding');
  return settings;
}
