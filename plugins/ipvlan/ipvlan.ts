import type { InnerCall, InnerKind, InnerSettings } from '../../pkg/attach/inner/kind.ts';
import { configError } from '../../pkg/config/config-error.ts';
import { ip } from '../../pkg/ip/command.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import { readDns } from '../../pkg/types/parse-result.ts';
import { quote } from '../../pkg/types/quote.ts';
import type { Result } from '../../pkg/types/result.ts';
import type { IpvlanConf } from './schema.ts';

const MODES = ['l2', 'l3', 'l3s'];

/** What an ipvlan is to the plugins whose link is in the container. */
export const IPVLAN: InnerKind<IpvlanConf> = {
  name: 'ipvlan',
  sharesMac: true,
  mayBeLarger: true,
  announces: true,
  isAsLast: true,
  meanings: { EBUSY: 'a link bears either macvlan or ipvlan, never both' },
  settingsOf,
  differences({ linkinfo }, { conf }) {
    const [wanted, found] = [modeOf(conf), linkinfo?.info_data?.mode];
    return found === wanted ? [] : [`Container IPVlan mode ${found} does not match expected value: ${wanted}`];
  },
};

function settingsOf(call: InnerCall<IpvlanConf>): InnerSettings {
  const { master = '', mtu = 0, linkInContainer = false, dns = {}, ipam } = call.conf;
  // In every other verb the previous result is the whole list's, and STATUS has none.
  const isAdd = call.verb === 'ADD';
  const previous = isAdd ? call.prevResult : undefined;
  return {
    below: { master: master || (isAdd ? masterIn(previous) : undefined), inContainer: linkInContainer },
    mtu: Math.max(0, mtu),
    mac: undefined,
    type: ip.part`type ipvlan mode ${modeOf(call.conf)}`,
    dns: readDns(dns, 'dns'),
    ipam: ipam?.type ?? '',
    given: previous?.ips === undefined || previous.ips.length === 0 ? undefined : previous,
  };
}

function modeOf({ mode }: IpvlanConf): string {
  if (mode === undefined || mode === '') return 'l2';
  if (MODES.includes(mode)) return mode;
  throw configError(`unknown ipvlan mode: ${quote(mode)}`, 'mode', mode, `one of ${MODES.join(', ')}`);
}

/** The one link that an earlier plugin made; '' when there was none. */
function masterIn(previous: Result | undefined): string {
  if (previous === undefined) return '';
  const [first, ...others] = previous.interfaces ?? [];
  if (first !== undefined && first.name !== '' && others.length === 0) return first.name;
  throw new CniError(
    ErrorCode.internal,
    'chained master failure. PrevResult lacks a single named interface',
    `the plugins before it made ${previous.interfaces?.length ?? 0} interfaces, and only a single one can be stood on ` +
      'without being named; set the key "master"',
  );
}
