import type { Result } from '../../pkg/types/result.ts';
import { change } from './change.ts';
import { readAdd, type TuningCall } from './read-add.ts';
import { withMac } from './with-mac.ts';

/** Changes settings and interface, all of it or nothing. */
export async function add(call: TuningCall): Promise<Result> {
  const { prevResult, sysctls, link, macText } = await readAdd(call);
  // What runtimes put at the end of every list, mostly with nothing in it.
  if (Object.keys(link).length === 0 && sysctls.length === 0) return prevResult;
  await change(call, sysctls, link);
  return macText === '' ? prevResult : withMac(prevResult, call.ifName, macText);
}
