import { readMac } from '../../pkg/attach/settings.ts';
import { configError } from '../../pkg/config/config-error.ts';
import { parseCniArgs } from '../../pkg/skel/cni-args.ts';
import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import type { TuningConf } from './schema.ts';
import { type Sysctl, sysctlOf } from './sysctl.ts';

/** What of the interface is to be changed; what is absent stays as it is. */
export interface LinkSettings {
  readonly mac?: string;
  readonly promisc?: true;
  readonly mtu?: number;
  readonly allmulti?: boolean;
  readonly txQLen?: number;
}

/** What a configuration asks for. */
export interface TuningSettings {
  readonly sysctls: readonly Sysctl[];
  readonly link: LinkSettings;
  /** The MAC as it is written in the configuration: results repeat it. */
  readonly macText: string;
}

/** Where former settings are kept unless the configuration says otherwise. */
const DATA_DIR = '/run/cni/tuning';

/** The folder of the former settings. */
export function dataDirOf({ dataDir }: TuningConf): string {
  return dataDir || DATA_DIR;
}

/**
 * Reads the configuration of a call: `args` counts most, then for the MAC the runtime's word, then CNI_ARGS.
 *
 * @throws {CniError} code 7, for what cannot be
 */
export function settingsOf({ conf, args, ifName }: AttachmentCall<TuningConf>): TuningSettings {
  const over = conf.args?.cni;
  const { MAC } = parseCniArgs(args, ['MAC']);
  const [macText, macKey] = firstText(
    [over?.mac, 'args.cni.mac'],
    [conf.runtimeConfig?.mac, 'runtimeConfig.mac'],
    [MAC, 'CNI_ARGS MAC'],
    [conf.mac, 'mac'],
  );
  const sysctls: Sysctl[] = [];
  const merged = { ...conf.sysctl, ...over?.sysctl };
  for (const key of Object.keys(merged)) sysctls.push(sysctlOf(key, merged[key] ?? '', ifName));
  return { sysctls, macText, link: linkSettings(conf, macText === '' ? '' : readMac(macText, macKey)) };
}

function linkSettings(conf: TuningConf, mac: string): LinkSettings {
  const over = conf.args?.cni;
  // 0 and false mean what the reference means by them: nothing is asked for.
  const mtu = over?.mtu || conf.mtu || 0;
  if (mtu < 0) throw configError(`invalid MTU ${mtu}`, over?.mtu ? 'args.cni.mtu' : 'mtu', mtu, 'a number above 0');
  const allmulti = over?.allmulti ?? conf.allmulti;
  const txQLen = over?.txQLen ?? conf.txQLen;
  if (txQLen !== undefined && txQLen < 0) {
    const key = over?.txQLen === undefined ? 'txQLen' : 'args.cni.txQLen';
    throw configError(`invalid transmit queue length ${txQLen}`, key, txQLen, '0 or more');
  }
  return {
    ...(mac === '' ? {} : { mac }),
    ...(over?.promisc || conf.promisc ? { promisc: true } : {}),
    ...(mtu === 0 ? {} : { mtu }),
    ...(allmulti === undefined ? {} : { allmulti }),
    ...(txQLen === undefined ? {} : { txQLen }),
  };
}

function firstText(...sources: readonly (readonly [string | undefined, string])[]): readonly [string, string] {
  for (const [text, key] of sources) if (text) return [text, key];
  return ['', ''];
}
