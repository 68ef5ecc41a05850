import { type Attributes, attributesOf, numberOf, textOf } from '../message.ts';
import { BRIDGE, IFLA, INFO, IPVLAN, IPVLAN_MODES, MACVLAN, MACVLAN_MODES, VLAN, VRF } from './message.ts';
import type { ShownDetails, ShownLinkInfo, Writable } from './show.ts';

const PORT_STATES = ['disabled', 'listening', 'learning', 'forwarding', 'blocking'];

/** Adds what `-d` shows, as far as plugins look at it. */
export function showDetails(attributes: Attributes, link: Partial<Writable<ShownDetails>>): void {
  link.promiscuity = numberOf(attributes.get(IFLA.promiscuity), 4) ?? 0;
  const [bus, parent] = [attributes.get(IFLA.parentBus), attributes.get(IFLA.parentName)];
  if (bus !== undefined) link.parentbus = textOf(bus);
  if (parent !== undefined) link.parentdev = textOf(parent);
  const info = attributes.get(IFLA.linkinfo);
  if (info !== undefined) link.linkinfo = shownInfo(attributesOf(info, 0));
}

/** What is shown of a kind's own settings. */
const KINDS: Readonly<Record<string, ((data: Attributes) => Readonly<Record<string, unknown>>) | undefined>> = {
  bridge: shownBridge,
  ipvlan: shownIpvlan,
  macvlan: shownMacvlan,
  vlan: shownVlan,
  vrf: shownVrf,
};

function shownInfo(info: Attributes): ShownLinkInfo {
  const shown: Writable<ShownLinkInfo> = {};
  const kind = info.get(INFO.kind);
  const data = info.get(INFO.data);
  if (kind !== undefined) shown.info_kind = textOf(kind);
  const show = KINDS[shown.info_kind ?? ''];
  if (show !== undefined && data !== undefined) shown.info_data = show(attributesOf(data, 0));
  const slaveKind = info.get(INFO.slaveKind);
  const slaveData = info.get(INFO.slaveData);
  if (slaveKind !== undefined) shown.info_slave_kind = textOf(slaveKind);
  if (shown.info_slave_kind === 'bridge' && slaveData !== undefined) {
    shown.info_slave_data = shownPort(attributesOf(slaveData, 0));
  }
  return shown;
}

function shownBridge(data: Attributes): Readonly<Record<string, unknown>> {
  const filtering = numberOf(data.get(BRIDGE.vlanFiltering), 1);
  return filtering === undefined ? {} : { vlan_filtering: filtering };
}

function shownMacvlan(data: Attributes): Readonly<Record<string, unknown>> {
  const number = numberOf(data.get(MACVLAN.mode), 4);
  const mode = Object.keys(MACVLAN_MODES).find((name) => MACVLAN_MODES[name] === number);
  return mode === undefined ? {} : { mode };
}

function shownIpvlan(data: Attributes): Readonly<Record<string, unknown>> {
  const mode = IPVLAN_MODES[numberOf(data.get(IPVLAN.mode), 2) ?? -1];
  return mode === undefined ? {} : { mode };
}

function shownVlan(data: Attributes): Readonly<Record<string, unknown>> {
  const id = numberOf(data.get(VLAN.id), 2);
  return id === undefined ? {} : { id };
}

function shownVrf(data: Attributes): Readonly<Record<string, unknown>> {
  const table = numberOf(data.get(VRF.table), 4);
  return table === undefined ? {} : { table };
}

function shownPort(data: Attributes): Readonly<Record<string, unknown>> {
  const shown: Record<string, unknown> = {};
  const state = numberOf(data.get(BRIDGE.portState), 1);
  if (state !== undefined) shown['state'] = PORT_STATES[state] ?? state;
  const hairpin = numberOf(data.get(BRIDGE.portMode), 1);
  if (hairpin !== undefined) shown['hairpin'] = hairpin !== 0;
  const isolated = numberOf(data.get(BRIDGE.portIsolated), 1);
  if (isolated !== undefined) shown['isolated'] = isolated !== 0;
  return shown;
}
