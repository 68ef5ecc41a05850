import type { InnerKind, InnerSettings } from '../../pkg/attach/inner/kind.ts';
import { configError } from '../../pkg/config/config-error.ts';
import { ip } from '../../pkg/ip/command.ts';
import type { Call } from '../../pkg/skel/plugin.ts';
import { readDns } from '../../pkg/types/parse-result.ts';
import type { VlanConf } from './schema.ts';

const MAX_ID = 4094;

/** What a VLAN is to the plugins whose link is in the container. */
export const VLAN: InnerKind<VlanConf> = {
  name: 'vlan',
  sharesMac: true,
  meanings: { EEXIST: 'a link has each VLAN only once' },
  settingsOf,
  differences({ ifname, mtu: found, linkinfo }, { conf: { vlanId = 0, mtu = 0 } }) {
    const id = linkinfo?.info_data?.id;
    return [
      ...(id === vlanId ? [] : [`Container interface ${ifname} has the VLAN ID ${id}, expected ${vlanId}`]),
      ...(mtu === 0 || mtu === found ? [] : [`Configured MTU of ${ifname} is ${mtu}, current value is ${found}`]),
    ];
  },
};

function settingsOf({ conf }: Call<VlanConf>): InnerSettings {
  const { master = '', vlanId = 0, mtu = 0, linkInContainer = false, dns = {}, ipam } = conf;
  if (master === '') {
    const message = '"master" field is required. It specifies the host interface name to create the VLAN for';
    throw configError(message, 'master', conf.master, 'the name of a link, such as "eth0"');
  }
  if (vlanId < 0 || vlanId > MAX_ID) {
    const message = `invalid VLAN ID ${vlanId} (must be between 0 and 4095 inclusive)`;
    throw configError(message, 'vlanId', vlanId, `0 to ${MAX_ID}; the last one is reserved`);
  }
  return {
    below: { master, inContainer: linkInContainer },
    mtu,
    mac: undefined,
    type: ip.part`type vlan id ${vlanId}`,
    dns: readDns(dns, 'dns'),
    ipam: ipam?.type ?? '',
  };
}
