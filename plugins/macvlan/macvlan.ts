import type { InnerKind, InnerSettings } from '../../pkg/attach/inner/kind.ts';
import { firstMac } from '../../pkg/attach/settings.ts';
import { configError } from '../../pkg/config/config-error.ts';
import { ip } from '../../pkg/ip/command.ts';
import { parseCniArgs } from '../../pkg/skel/cni-args.ts';
import type { Call } from '../../pkg/skel/plugin.ts';
import { readDns } from '../../pkg/types/parse-result.ts';
import { quote } from '../../pkg/types/quote.ts';
import type { MacvlanConf } from './schema.ts';

const MODES = ['bridge', 'private', 'vepa', 'passthru'];

/** What the kernel means when it refuses one. */
const RULE = 'a link bears either macvlan or ipvlan, and in mode passthru only one macvlan';

const MAX_QUEUE = 0xffff_ffff;

/** What a macvlan is to the plugins whose link is in the container. */
export const MACVLAN: InnerKind<MacvlanConf> = {
  name: 'macvlan',
  announces: true,
  meanings: { EBUSY: RULE, EINVAL: RULE },
  settingsOf,
  differences({ linkinfo }, { conf }) {
    const [wanted, found] = [modeOf(conf), linkinfo?.info_data?.mode];
    return found === wanted ? [] : [`container macvlan mode ${found} does not match expected value: ${wanted}`];
  },
};

function settingsOf(call: Call<MacvlanConf>): InnerSettings {
  const { conf } = call;
  const queue = conf.bcqueuelen ?? 0;
  if (queue < 0 || queue > MAX_QUEUE) {
    throw configError(`invalid bcqueuelen ${queue}`, 'bcqueuelen', queue, `0 for the kernel's own, up to ${MAX_QUEUE}`);
  }
  return {
    below: { master: conf.master ?? '', inContainer: conf.linkInContainer ?? false },
    mtu: conf.mtu ?? 0,
    mac: macOf(call),
    type: ip.part`type macvlan mode ${modeOf(conf)} ${queue > 0 ? ip.part`bcqueuelen ${queue}` : ip.none}`,
    dns: readDns(conf.dns ?? {}, 'dns'),
    ipam: conf.ipam?.type ?? '',
  };
}

function modeOf({ mode }: MacvlanConf): string {
  if (mode === undefined || mode === '') return 'bridge';
  if (MODES.includes(mode)) return mode;
  throw configError(`unknown macvlan mode: ${quote(mode)}`, 'mode', mode, `one of ${MODES.join(', ')}`);
}

/** The runtime's word counts most, then that of CNI_ARGS, then that of the configuration. */
function macOf({ conf, args }: Call<MacvlanConf>): string | undefined {
  const { MAC } = parseCniArgs(args, ['MAC']);
  return firstMac([
    ['runtimeConfig.mac', conf.runtimeConfig?.mac],
    ['CNI_ARGS MAC', MAC],
    ['mac', conf.mac],
  ]);
}
