import type { Family } from '../addr/address.ts';
import { configError } from '../config/config-error.ts';
import type { Call } from '../skel/plugin.ts';
import { readFields } from '../types/decode.ts';

/** Refuses several addresses of one family where the configuration's version has no words for them. */
export function refuseSurplus(
  { cniVersion, rawConf }: Pick<Call<unknown>, 'cniVersion' | 'rawConf'>,
  families: readonly (Family | undefined)[],
  key: string,
): void {
  if (cniVersion !== '0.1.0' && cniVersion !== '0.2.0') return;
  if ([4, 6].every((family) => families.filter((one) => one === family).length < 2)) return;
  const { cniVersion: given } = readFields(rawConf, '', ['cniVersion']);
  const message = `CNI version ${given ?? ''} does not support more than 1 address per family`;
  throw configError(message, key, families, 'one of each family, or "cniVersion" 0.3.0 or newer');
}
