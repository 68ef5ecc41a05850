import { firstMac, readMtu } from '../../pkg/attach/settings.ts';
import { configError } from '../../pkg/config/config-error.ts';
import { parseCniArgs } from '../../pkg/skel/cni-args.ts';
import type { Call } from '../../pkg/skel/plugin.ts';
import { readDns } from '../../pkg/types/parse-result.ts';
import type { Dns } from '../../pkg/types/result.ts';
import type { TapConf } from './schema.ts';

/** What a configuration asks for, with everything that it leaves out filled in. */
export interface TapSettings {
  readonly multiQueue: boolean;
  /** 0: the kernel's choice. */
  readonly mtu: number;
  /** `undefined`: one is made up. */
  readonly mac: string | undefined;
  readonly owner: number | undefined;
  readonly group: number | undefined;
  /** '' for none. */
  readonly selinuxContext: string;
  /** '' for none. */
  readonly bridge: string;
  readonly dns: Dns | undefined;
  /** The IPAM plugin; '' when there is none. */
  readonly ipam: string;
}

const LARGEST_ID = 0xffffffff;

/**
 * Reads the configuration of a call that adds or checks.
 *
 * @throws {CniError} code 7, for what cannot be
 */
export function settingsOf(call: Call<TapConf>): TapSettings {
  const { conf } = call;
  return {
    multiQueue: conf.multiQueue ?? false,
    mtu: readMtu(conf.mtu),
    mac: macOf(call),
    owner: idOf(conf.owner, 'owner'),
    group: idOf(conf.group, 'group'),
    selinuxContext: conf.selinuxContext ?? '',
    bridge: conf.bridge ?? '',
    dns: readDns(conf.dns ?? {}, 'dns'),
    ipam: conf.ipam?.type ?? '',
  };
}

function idOf(id: number | undefined, key: string): number | undefined {
  if (id === undefined || (id >= 0 && id <= LARGEST_ID)) return id;
  const message = `failed to load netconf: ${key} ${id} is no ID`;
  throw configError(message, key, id, `a number from 0 to ${LARGEST_ID}`);
}

/** The runtime's word counts most, then that of CNI_ARGS. */
function macOf({ conf, args }: Call<TapConf>): string | undefined {
  const { MAC } = parseCniArgs(args, ['MAC']);
  return firstMac([
    ['runtimeConfig.mac', conf.runtimeConfig?.mac],
    ['CNI_ARGS MAC', MAC],
    ['mac', conf.mac],
  ]);
}
