import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { missingPrevResult } from '../../pkg/types/error.ts';
import type { Result } from '../../pkg/types/result.ts';
import { refuseForbidden } from './allow-list.ts';
import type { TuningConf } from './schema.ts';
import { settingsOf, type TuningSettings } from './settings.ts';
import { refuseDuplicates } from './sysctl-keys.ts';

/** A call about an attachment. */
export type TuningCall = AttachmentCall<TuningConf>;

/** The order in which the interface is changed. */
export const ORDER = ['mac', 'promisc', 'mtu', 'allmulti', 'txQLen'] as const;

/** Reads the call of an ADD, or refuses it. */
export async function readAdd(call: TuningCall): Promise<TuningSettings & { readonly prevResult: Result }> {
  refuseDuplicates(call);
  const settings = settingsOf(call);
  if (settings.sysctls.length > 0) refuseForbidden(settings.sysctls);
  const { prevResult } = call;
  if (prevResult === undefined) throw missingPrevResult();
  return { ...settings, prevResult };
}
