import type { AnyPlugin } from '../pkg/skel/plugin.ts';
import { bandwidth } from './bandwidth/plugin.ts';
import { bridge } from './bridge/plugin.ts';
import { dhcp } from './dhcp/plugin.ts';
import { dummy } from './dummy/plugin.ts';
import { firewall } from './firewall/plugin.ts';
import { flannel } from './flannel/plugin.ts';
import { hostDevice } from './host-device/plugin.ts';
import { hostLocal } from './host-local/plugin.ts';
import { ipvlan } from './ipvlan/plugin.ts';
import { loopback } from './loopback/plugin.ts';
import { macvlan } from './macvlan/plugin.ts';
import type { PluginName } from './names.ts';
import { portmap } from './portmap/plugin.ts';
import { ptp } from './ptp/plugin.ts';
import { sbr } from './sbr/plugin.ts';
import { staticAddresses } from './static/plugin.ts';
import { tap } from './tap/plugin.ts';
import { tuning } from './tuning/plugin.ts';
import { vlan } from './vlan/plugin.ts';
import { vrf } from './vrf/plugin.ts';

/** What each plugin is. */
const PLUGINS: Readonly<Record<PluginName, AnyPlugin>> = {
  bandwidth,
  bridge,
  dhcp,
  dummy,
  firewall,
  flannel,
  'host-device': hostDevice,
  'host-local': hostLocal,
  ipvlan,
  loopback,
  macvlan,
  portmap,
  ptp,
  sbr,
  static: staticAddresses,
  tap,
  tuning,
  vlan,
  vrf,
};

/** The plugin of that name, or `undefined` when this executable has none. */
export function pluginNamed(name: string): AnyPlugin | undefined {
  return Object.hasOwn(PLUGINS, name) ? PLUGINS[name as PluginName] : undefined;
}
