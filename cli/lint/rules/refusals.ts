import type { AttachmentCall } from '../../../pkg/skel/plugin.ts';
import type { BandwidthConf } from '../../../plugins/bandwidth/schema.ts';
import { limitsOf } from '../../../plugins/bandwidth/settings.ts';
import type { BridgeConf } from '../../../plugins/bridge/schema.ts';
import { settingsOf as bridgeSettings } from '../../../plugins/bridge/settings.ts';
import { DUMMY } from '../../../plugins/dummy/dummy.ts';
import type { DummyConf } from '../../../plugins/dummy/schema.ts';
import type { FirewallConf } from '../../../plugins/firewall/schema.ts';
import { settingsOf as firewallSettings } from '../../../plugins/firewall/settings.ts';
import { refuseReservedKeys } from '../../../plugins/flannel/delegate-conf.ts';
import type { FlannelConf } from '../../../plugins/flannel/schema.ts';
import type { HostDeviceConf } from '../../../plugins/host-device/schema.ts';
import { refuseConfigured } from '../../../plugins/host-device/sought.ts';
import { refuseEmpty } from '../../../plugins/host-local/config.ts';
import type { HostLocalConf } from '../../../plugins/host-local/schema.ts';
import { IPVLAN } from '../../../plugins/ipvlan/ipvlan.ts';
import type { IpvlanConf } from '../../../plugins/ipvlan/schema.ts';
import { MACVLAN } from '../../../plugins/macvlan/macvlan.ts';
import type { MacvlanConf } from '../../../plugins/macvlan/schema.ts';
import type { PortmapConf } from '../../../plugins/portmap/schema.ts';
import { settingsOf as portmapSettings } from '../../../plugins/portmap/settings.ts';
import type { PtpConf } from '../../../plugins/ptp/schema.ts';
import { settingsOf as ptpSettings } from '../../../plugins/ptp/settings.ts';
import type { SbrConf } from '../../../plugins/sbr/schema.ts';
import { settingsOf as sbrSettings } from '../../../plugins/sbr/settings.ts';
import { addressesOf } from '../../../plugins/static/addresses.ts';
import type { StaticConf } from '../../../plugins/static/schema.ts';
import type { TapConf } from '../../../plugins/tap/schema.ts';
import { settingsOf as tapSettings } from '../../../plugins/tap/settings.ts';
import type { TuningConf } from '../../../plugins/tuning/schema.ts';
import { settingsOf as tuningSettings } from '../../../plugins/tuning/settings.ts';
import type { VlanConf } from '../../../plugins/vlan/schema.ts';
import { VLAN } from '../../../plugins/vlan/vlan.ts';
import type { VrfConf } from '../../../plugins/vrf/schema.ts';
import { settingsOf as vrfSettings } from '../../../plugins/vrf/settings.ts';

/** How each plugin reads its settings before it does anything; what it cannot use throws, in its own words. */
export const REFUSALS: Readonly<Record<string, (call: AttachmentCall<unknown>) => unknown>> = {
  bandwidth: (call) => limitsOf(call.conf as BandwidthConf),
  bridge: (call) => bridgeSettings(call as AttachmentCall<BridgeConf>),
  dummy: (call) => DUMMY.settingsOf(call as AttachmentCall<DummyConf>),
  firewall: (call) => firewallSettings(call.conf as FirewallConf, call.warn),
  flannel: (call) => refuseReservedKeys(call as AttachmentCall<FlannelConf>),
  'host-device': (call) => refuseConfigured(call.conf as HostDeviceConf),
  'host-local': (call) => refuseEmpty(call as AttachmentCall<HostLocalConf>),
  ipvlan: (call) => IPVLAN.settingsOf(call as AttachmentCall<IpvlanConf>),
  macvlan: (call) => MACVLAN.settingsOf(call as AttachmentCall<MacvlanConf>),
  portmap: (call) => portmapSettings(call.conf as PortmapConf, ''),
  ptp: (call) => ptpSettings(call as AttachmentCall<PtpConf>),
  sbr: (call) => sbrSettings(call.conf as SbrConf),
  static: (call) => addressesOf(call as AttachmentCall<StaticConf>),
  tap: (call) => tapSettings(call as AttachmentCall<TapConf>),
  tuning: (call) => tuningSettings(call as AttachmentCall<TuningConf>),
  vlan: (call) => VLAN.settingsOf(call as AttachmentCall<VlanConf>),
  vrf: (call) => vrfSettings(call.conf as VrfConf),
};
