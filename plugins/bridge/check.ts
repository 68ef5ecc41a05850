import { missingLayer3 } from '../../pkg/attach/check.ts';
import { forwardingSettings } from '../../pkg/attach/layer3.ts';
import { addressesOf, isKind, linkIn, lookAt, type ShownLink } from '../../pkg/attach/links.ts';
import { masqueradeDifferences } from '../../pkg/attach/pair/check.ts';
import { missingSpoofCheck } from '../../pkg/netfilter/missing-spoof-check.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import type { RunOptions } from '../../pkg/plan/executor.ts';
import type { ShownVlan } from '../../pkg/rtnl/link/vlan.ts';
import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { readTextFile } from '../../pkg/sys/files/files.ts';
import { attachmentOf } from '../../pkg/types/attachment.ts';
import { CniError, ErrorCode, missingPrevResult } from '../../pkg/types/error.ts';
import type { Interface, Result } from '../../pkg/types/result.ts';
import { addressingOf } from './gateways.ts';
import type { BridgeConf } from './schema.ts';
import { type BridgeSettings, settingsOf } from './settings.ts';
import { bridgeOptions, gatewayLinkName, NATIVE_VLAN, type PortVlans, portVlans } from './vlans.ts';

type CheckCall = AttachmentCall<BridgeConf>;

const TIMEOUT_MS = 30_000;

/** Everything that a CHECK compares. */
interface Check {
  readonly call: CheckCall;
  readonly settings: BridgeSettings;
  readonly result: Result;
  readonly netns: Netns;
  readonly options: RunOptions;
}

/** Fails with all that is not as ADD left it, and with nothing that others may change. */
export async function check(call: CheckCall): Promise<void> {
  const settings = settingsOf(call);
  await inContainer(call.netns, async (netns) => {
    if (settings.ipam !== '') {
      await call.delegate.run({ type: settings.ipam, verb: 'CHECK', config: call.configText });
    }
    const result = call.prevResult;
    if (result === undefined) throw missingPrevResult();
    const options = await bridgeOptions(call.environment, settings);
    const differences = await compare({ call, settings, result, netns, options });
    const [first, ...others] = differences;
    if (first === undefined) return;
    throw new CniError(ErrorCode.internal, first, [...others, 'DEL and ADD put it right'].join('; '));
  });
}

async function compare(check: Check): Promise<readonly string[]> {
  const { call, settings, result, netns, options } = check;
  const host = ownNetns();
  const interfaces = result.interfaces ?? [];
  let index = 0;
  while (index < interfaces.length && !isContainer(interfaces[index], call)) index += 1;
  const promised = interfaces[index];
  if (promised === undefined) return [sandboxDifference(check)];
  const vlan = settings.vlans?.access ?? 0;
  const gatewayName = gatewayLinkName(settings.bridge, settings.isGateway ? vlan : 0);
  const wanted = [linkIn(netns, call.ifName), linkIn(host, settings.bridge)];
  if (gatewayName !== settings.bridge) wanted.push(linkIn(host, gatewayName));
  const [container, bridge, vlanGateway] = await lookAt(wanted, options);
  const gateway = gatewayName === settings.bridge ? bridge : vlanGateway;
  const lines = bridgeDifferences(check, bridge);
  if (container === undefined) return [...lines, `Interface ${call.ifName} not found in ${call.netns}`];
  lines.push(...containerDifferences(check, container, promised.mac));
  const [port] =
    container.link_index === undefined ? [] : await lookAt([linkIn(host, `if${container.link_index}`)], options);
  lines.push(...(await portDifferences(check, port)));
  lines.push(...(await missingLayer3(netns, call.ifName, result, addressesOf(container), index, options)));
  if (settings.ipam === '') return [...lines, ...(await ruleDifferences(check, port, promised.mac))];
  lines.push(...gatewayDifferences(check, gatewayName, gateway));
  return [...lines, ...(await ruleDifferences(check, port, promised.mac))];
}

function isContainer(link: Interface | undefined, { ifName, netns }: CheckCall): boolean {
  return link?.name === ifName && link.sandbox === netns;
}

function sandboxDifference({ call, result }: Check): string {
  const found = (result.interfaces ?? []).find(({ name, sandbox }) => name === call.ifName && sandbox)?.sandbox ?? '';
  return `Sandbox in prevResult ${found} doesn't match configured netns: ${call.netns}`;
}

function bridgeDifferences({ settings, result }: Check, link: ShownLink | undefined): string[] {
  const { bridge } = settings;
  let promised: Interface | undefined;
  for (const one of result.interfaces ?? []) if (one.name === bridge) promised ??= one;
  if (promised === undefined) return [`Interface name ${bridge} not found in prevResult`];
  if (promised.sandbox) return [`Interface ${bridge} should not be in sandbox`];
  if (link === undefined) return [`Interface name ${bridge} not found`];
  if (!isKind(link, 'bridge')) return [`Interface ${bridge} does not have link type of bridge`];
  const lines: string[] = [];
  // The containers have noted it as their gateway's; the MAC of a mere switch may follow its ports.
  if (settings.isGateway && promised.mac !== undefined && promised.mac !== link.address) {
    lines.push(`Bridge interface ${bridge} Mac doesn't match: ${promised.mac}, it has ${link.address}`);
  }
  if (settings.promiscuous && !link.flags.includes('PROMISC')) {
    lines.push(`Bridge interface ${bridge} configured Promisc Mode true doesn't match current state: false`);
  }
  if (!link.flags.includes('UP')) lines.push(`bridge ${bridge} is down`);
  return lines;
}

function containerDifferences({ call, settings }: Check, link: ShownLink, mac: string | undefined): string[] {
  if (!isKind(link, 'veth')) return [`Error: Container interface ${call.ifName} not of type veth`];
  const lines: string[] = [];
  if (mac !== undefined && mac !== link.address) {
    lines.push(`Interface ${call.ifName} Mac ${mac} doesn't match container Mac: ${link.address}`);
  }
  if (!settings.leavesLinkDown && !link.flags.includes('UP')) lines.push(`interface ${call.ifName} is down`);
  return lines;
}

/** The MAC of the host's end is not looked at: udev may have given it another one, and nobody minds. */
async function portDifferences({ settings, options }: Check, port: ShownLink | undefined): Promise<string[]> {
  const { bridge, hairpin, isolated, vlans } = settings;
  if (port === undefined || port.master !== bridge) {
    const found =
      port === undefined ? 'its other end is not on the host' : `${port.ifname} is in ${port.master ?? 'no bridge'}`;
    return [`CNI veth created for bridge ${bridge} was not found: ${found}`];
  }
  const lines: string[] = [];
  if (!settings.leavesLinkDown && port.operstate !== 'UP') {
    lines.push(`bridge port in error state: ${port.operstate.toLowerCase()} (${port.ifname})`);
  }
  const { hairpin: hasHairpin = false, isolated: isIsolated = false } = port.linkinfo?.info_slave_data ?? {};
  if (hairpin !== hasHairpin)
    lines.push(`hairpin mode of ${port.ifname} is ${onOff(hasHairpin)}, expected ${onOff(hairpin)}`);
  if (isolated !== isIsolated)
    lines.push(`isolation of ${port.ifname} is ${onOff(isIsolated)}, expected ${onOff(isolated)}`);
  if (vlans !== undefined)
    lines.push(...vlanDifferences(port.ifname, vlans, await portVlans(ownNetns(), port.ifname, options)));
  return lines;
}

function vlanDifferences(
  port: string,
  { access, trunk, keepsDefault }: PortVlans,
  shown: readonly ShownVlan[],
): string[] {
  const native = access === 0 && trunk.length > 0 ? NATIVE_VLAN : access;
  const expected = new Set(native === 0 ? trunk : [native, ...trunk]);
  const present = new Set<number>();
  for (const { vlan, vlanEnd = vlan } of shown) for (let id = vlan; id <= vlanEnd; id += 1) present.add(id);
  const missing = [...expected].filter((id) => !present.has(id));
  const surplus = keepsDefault || expected.size === 0 ? [] : [...present].filter((id) => !expected.has(id));
  const lines: string[] = [];
  if (missing.length > 0) lines.push(`port ${port} is not in VLAN ${missing.join(', ')}`);
  if (surplus.length > 0) lines.push(`port ${port} is in VLAN ${surplus.join(', ')} too`);
  const pvid = shown.find(({ flags }) => flags?.includes('PVID') === true)?.vlan;
  if (native !== 0 && pvid !== native)
    lines.push(`untagged frames of port ${port} are in VLAN ${pvid ?? 'none'}, expected ${native}`);
  return lines;
}

function gatewayDifferences({ settings, result }: Check, name: string, link: ShownLink | undefined): string[] {
  if (!settings.isGateway) return [];
  const { gateways } = addressingOf(result, settings);
  const present = link === undefined ? [] : addressesOf(link);
  const lines: string[] = [];
  for (const address of gateways) {
    if (present.includes(address)) continue;
    lines.push(`${name} lacks the gateway's address ${address}: it has ${present.join(', ') || 'none'}`);
  }
  for (const setting of forwardingSettings(gateways)) {
    if (readTextFile(`/proc/sys/${setting}`)?.trim() !== '1') lines.push(`forwarding is off: ${setting}`);
  }
  return lines;
}

async function ruleDifferences(check: Check, port: ShownLink | undefined, mac: string | undefined): Promise<string[]> {
  const { call, settings, result } = check;
  const lines: string[] = [];
  if (settings.ipMasq) {
    const addresses = (result.ips ?? []).map(({ address }) => address);
    lines.push(...(await masqueradeDifferences(call, 'bridge', addresses, settings.ipMasqBackend)));
  }
  if (settings.macSpoofCheck && port !== undefined && mac !== undefined) {
    lines.push(
      ...(await missingSpoofCheck(ownNetns(), { ...attachmentOf(call), hostLink: port.ifname, mac }, TIMEOUT_MS)),
    );
  }
  return lines;
}

function onOff(value: boolean): string {
  return value ? 'on' : 'off';
}
