import type { InnerKind } from '../../pkg/attach/inner/kind.ts';
import { configError } from '../../pkg/config/config-error.ts';
import { ip } from '../../pkg/ip/command.ts';
import type { DummyConf } from './schema.ts';

/** What a dummy is to the plugins whose link is in the container. */
export const DUMMY: InnerKind<DummyConf> = {
  name: 'dummy',
  settingsOf({ conf }) {
    const ipam = conf.ipam?.type ?? '';
    if (ipam === '') {
      const wanted = 'the name of an IPAM plugin, such as "host-local": the link is there for its addresses';
      throw configError('dummy interface requires an IPAM configuration', 'ipam.type', conf.ipam?.type, wanted);
    }
    return { below: undefined, mtu: 0, mac: undefined, type: ip.part`type dummy`, dns: 'ipam', ipam };
  },
  differences: () => [],
};
