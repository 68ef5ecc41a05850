import { configError } from '../../pkg/config/config-error.ts';
import { duplicateKeyUnder } from '../../pkg/json/duplicates.ts';
import type { Call } from '../../pkg/skel/plugin.ts';
import type { TuningConf } from './schema.ts';

/** Refuses a configuration that says two things about one setting: which one is meant nobody knows. */
export function refuseDuplicates({ conf, configText }: Call<TuningConf>): void {
  if (conf.sysctl === undefined) return;
  const key = duplicateKeyUnder(configText, 'sysctl');
  if (key === undefined) return;
  throw configError('duplicated sysctl keys are not allowed', `sysctl["${key}"]`, key, 'each setting once');
}
