import { readMtu } from '../../pkg/attach/settings.ts';
import { configError } from '../../pkg/config/config-error.ts';
import { type MasqueradeBackend, masqueradeBackend } from '../../pkg/netfilter/backend-name.ts';
import type { AttachmentCall, Call } from '../../pkg/skel/plugin.ts';
import { readDnsInstead } from '../../pkg/types/parse-result.ts';
import type { Dns } from '../../pkg/types/result.ts';
import type { PtpConf } from './schema.ts';

/** A call of ADD. */
export type AddCall = AttachmentCall<PtpConf>;

/** What a configuration asks for, with everything that it leaves out filled in. */
export interface PtpSettings {
  readonly ipMasq: boolean;
  /** `undefined`: whichever works. */
  readonly ipMasqBackend: MasqueradeBackend | undefined;
  /** 0: the kernel's choice. */
  readonly mtu: number;
  /** Replaces that of the IPAM plugin. */
  readonly dns: Dns | undefined;
  /** The IPAM plugin. */
  readonly ipam: string;
}

/**
 * Reads a configuration.
 *
 * @throws {CniError} code 7, without an IPAM plugin or with a masquerade that nobody knows
 */
export function settingsOf({ conf }: Call<PtpConf>): PtpSettings {
  const ipam = conf.ipam?.type ?? '';
  if (ipam === '') {
    const wanted = 'the name of an IPAM plugin, such as "host-local": the pair is nothing but a way to an address';
    throw configError('no plugin name provided', 'ipam.type', conf.ipam?.type, wanted);
  }
  const ipMasq = conf.ipMasq ?? false;
  return {
    ipMasq,
    // One that is never used may say anything, as it may for the reference.
    ipMasqBackend: ipMasq ? masqueradeBackend(conf.ipMasqBackend) : undefined,
    mtu: readMtu(conf.mtu),
    dns: readDnsInstead(conf.dns ?? {}, 'dns'),
    ipam,
  };
}
