import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import type { Result } from '../../pkg/types/result.ts';
import type { VrfConf } from './schema.ts';
import { settingsOf, type VrfSettings } from './settings.ts';

/** A call about an attachment. */
export type VrfCall = AttachmentCall<VrfConf>;

/** Reads the call of an ADD, or refuses it. */
export function readAdd({ conf, prevResult }: VrfCall): VrfSettings & { readonly prevResult: Result } {
  const settings = settingsOf(conf);
  if (prevResult !== undefined) return { ...settings, prevResult };
  const details = 'found no "prevResult"; vrf comes after a plugin that makes an interface, such as macvlan';
  throw new CniError(ErrorCode.internal, 'missing prevResult from earlier plugin', details);
}
