/** The plugins of the suite: the names by which the one executable is called. */
export const PLUGIN_NAMES = [
  'bandwidth',
  'bridge',
  'dhcp',
  'dummy',
  'firewall',
  'flannel',
  'host-device',
  'host-local',
  'ipvlan',
  'loopback',
  'macvlan',
  'portmap',
  'ptp',
  'sbr',
  'static',
  'tap',
  'tuning',
  'vlan',
  'vrf',
] as const;

/** The name of one plugin of the suite. */
export type PluginName = (typeof PLUGIN_NAMES)[number];
