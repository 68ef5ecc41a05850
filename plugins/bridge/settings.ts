import { firstMac, readMtu } from '../../pkg/attach/settings.ts';
import { configError } from '../../pkg/config/config-error.ts';
import { type MasqueradeBackend, masqueradeBackend } from '../../pkg/netfilter/backend-name.ts';
import { parseCniArgs } from '../../pkg/skel/cni-args.ts';
import type { Call } from '../../pkg/skel/plugin.ts';
import { readDnsInstead } from '../../pkg/types/parse-result.ts';
import type { Dns } from '../../pkg/types/result.ts';
import type { BridgeConf } from './schema.ts';
import { type PortVlans, portVlansOf } from './vlans.ts';

/** What a configuration asks for, with everything that it leaves out filled in. */
export interface BridgeSettings {
  readonly bridge: string;
  readonly isGateway: boolean;
  readonly isDefaultGateway: boolean;
  readonly forceAddress: boolean;
  readonly ipMasq: boolean;
  /** `undefined`: whichever works. */
  readonly ipMasqBackend: MasqueradeBackend | undefined;
  /** 0: the kernel's choice. */
  readonly mtu: number;
  readonly hairpin: boolean;
  readonly promiscuous: boolean;
  readonly isolated: boolean;
  /** `undefined`: the port is as the bridge makes it. */
  readonly vlans: PortVlans | undefined;
  readonly macSpoofCheck: boolean;
  readonly detectDuplicates: boolean;
  readonly leavesLinkDown: boolean;
  /** MAC of the container's end; `undefined`: one is made up. */
  readonly mac: string | undefined;
  /** Replaces that of the IPAM plugin. */
  readonly dns: Dns | undefined;
  /** The IPAM plugin; '' when there is none. */
  readonly ipam: string;
}

const DEFAULT_BRIDGE = 'cni0';

/**
 * Reads the configuration of a call that adds or checks.
 *
 * @throws {CniError} code 7, for what contradicts itself or cannot be
 */
export function settingsOf(call: Call<BridgeConf>): BridgeSettings {
  const { conf } = call;
  const ipam = conf.ipam?.type ?? '';
  const leavesLinkDown = conf.disableContainerInterface ?? false;
  if (leavesLinkDown && ipam !== '') {
    throw configError(
      'cannot use IPAM when DisableContainerInterface flag is set',
      'disableContainerInterface',
      true,
      'false, or no ipam section: a link that is down has no use for an address',
    );
  }
  const hairpin = conf.hairpinMode ?? false;
  const promiscuous = conf.promiscMode ?? false;
  if (hairpin && promiscuous) {
    throw configError(
      'cannot set hairpin mode and promiscuous mode at the same time',
      'promiscMode',
      true,
      'only one of hairpinMode and promiscMode: both together would deliver packets twice',
    );
  }
  const isDefaultGateway = conf.isDefaultGateway ?? false;
  return {
    bridge: bridgeNameOf(conf),
    isGateway: isDefaultGateway || (conf.isGateway ?? false),
    isDefaultGateway,
    forceAddress: conf.forceAddress ?? false,
    ipMasq: ipam !== '' && (conf.ipMasq ?? false),
    ipMasqBackend: backendOf(conf),
    mtu: readMtu(conf.mtu),
    hairpin,
    promiscuous,
    isolated: conf.portIsolation ?? false,
    vlans: portVlansOf(conf),
    macSpoofCheck: conf.macspoofchk ?? false,
    detectDuplicates: conf.enabledad ?? false,
    leavesLinkDown,
    mac: macOf(call),
    dns: readDnsInstead(conf.dns ?? {}, 'dns'),
    ipam,
  };
}

/** The bridge of a configuration. */
export function bridgeNameOf(conf: BridgeConf): string {
  const name = conf.bridge ?? DEFAULT_BRIDGE;
  if (name !== '') return name;
  const message = 'failed to create bridge "": could not add "": LinkAttrs.Name cannot be empty';
  throw configError(message, 'bridge', name, `the name of a bridge, or no such key for "${DEFAULT_BRIDGE}"`);
}

function backendOf({ ipMasq, ipMasqBackend }: BridgeConf): MasqueradeBackend | undefined {
  // One that is never used may say anything, as it may for the reference.
  return ipMasq === true ? masqueradeBackend(ipMasqBackend) : undefined;
}

/** The runtime's word counts most, then that of `args`, then CNI_ARGS. */
function macOf({ conf, args }: Call<BridgeConf>): string | undefined {
  const { MAC } = parseCniArgs(args, ['MAC']);
  return firstMac(
    [
      ['runtimeConfig.mac', conf.runtimeConfig?.mac],
      ['args.cni.mac', conf.args?.cni?.mac],
      ['CNI_ARGS MAC', MAC],
    ],
    'failed to make veth pair',
  );
}
