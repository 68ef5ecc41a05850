import type { PluginName } from '../../plugins/names.ts';

/** Plugins that make an interface, the reference's among them. */
export const MAIN_TYPES: readonly string[] = [
  'bridge',
  'dummy',
  'flannel',
  'host-device',
  'ipvlan',
  'macvlan',
  'ptp',
  'tap',
  'vlan',
];

/** Plugins that only work on what one before them has made. */
export const CHAINED_TYPES: readonly string[] = ['bandwidth', 'firewall', 'portmap', 'sbr', 'tuning', 'vrf'];

/** Plugins that only give addresses. */
export const IPAM_TYPES: readonly string[] = ['dhcp', 'host-local', 'static'];

/** What runtimes pass to plugins that say that they take it. */
export const CAPABILITIES: readonly string[] = [
  'aliases',
  'bandwidth',
  'cgroupPath',
  'deviceID',
  'dns',
  'infinibandGUID',
  'io.kubernetes.cri.pod-annotations',
  'ipRanges',
  'ips',
  'mac',
  'portMappings',
];

/** Which of them the plugins of this suite take, or those that they call. */
export const TAKEN: Readonly<Record<PluginName, readonly string[]>> = {
  bandwidth: ['bandwidth'],
  bridge: ['ipRanges', 'ips', 'mac'],
  dhcp: [],
  dummy: ['ipRanges', 'ips'],
  firewall: [],
  // Whatever it is, it is passed on.
  flannel: CAPABILITIES,
  'host-device': ['deviceID', 'ipRanges', 'ips'],
  'host-local': [],
  ipvlan: ['ipRanges', 'ips'],
  loopback: [],
  macvlan: ['ipRanges', 'ips', 'mac'],
  portmap: ['portMappings'],
  ptp: ['ipRanges', 'ips'],
  sbr: [],
  static: [],
  tap: ['ipRanges', 'ips', 'mac'],
  tuning: ['mac'],
  vlan: ['ipRanges', 'ips'],
  vrf: [],
};

/** What else stands above the plugins of a list. */
export const LIST_KEYS: readonly string[] = [
  'cniVersion',
  'cniVersions',
  'name',
  'plugins',
  'disableCheck',
  'disableGC',
  'loadOnlyInlinedPlugins',
];
