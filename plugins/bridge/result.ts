import { isZeroMac } from '../../pkg/attach/links.ts';
import type { Interface, Result } from '../../pkg/types/result.ts';
import type { NewAttachment } from './attach.ts';
import type { AddCall } from './surroundings.ts';
import { gatewayLinkName } from './vlans.ts';

/** What the runtime is told of an attachment. */
export function resultOf(
  call: AddCall,
  attachment: NewAttachment,
  bridgeAddress: string | undefined,
  leased: Result | undefined,
): Result {
  const { settings, hostLink, hostMac, mac, addressing } = attachment;
  const bridgeMac = bridgeAddress === undefined || isZeroMac(bridgeAddress) ? {} : { mac: bridgeAddress };
  const interfaces = [
    { name: settings.bridge, ...bridgeMac },
    { name: hostLink, mac: hostMac },
    { name: call.ifName, mac, sandbox: call.netns },
    ...vlanGateway(attachment),
  ];
  const dns = settings.dns ?? leased?.dns;
  return {
    interfaces,
    ...(addressing === undefined ? {} : { ips: [...addressing.ips], routes: [...addressing.routes] }),
    ...(dns === undefined ? {} : { dns }),
  };
}

/** The host's port in the containers' VLAN, where the gateway's address is on one. */
function vlanGateway({ settings, addressing, gatewayMac }: NewAttachment): Interface[] {
  const vlan = settings.vlans?.access ?? 0;
  if (vlan === 0 || addressing === undefined || addressing.gateways.length === 0) return [];
  return [{ name: gatewayLinkName(settings.bridge, vlan), mac: gatewayMac }];
}
