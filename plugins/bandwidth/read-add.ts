import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import type { Result } from '../../pkg/types/result.ts';
import type { BandwidthConf } from './schema.ts';
import { type Limits, limitsOf, notChained } from './settings.ts';

/** A call about an attachment. */
export type BandwidthCall = AttachmentCall<BandwidthConf>;

/** Reads the call of an ADD, or refuses it. */
export function readAdd({ conf, prevResult }: BandwidthCall): Limits & { readonly prevResult: Result } {
  const limits = limitsOf(conf);
  if (prevResult === undefined) throw notChained('must be called as chained plugin');
  return { ...limits, prevResult };
}
