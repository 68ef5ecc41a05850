import { parseResult } from '../types/parse-result.ts';
import { printResult } from '../types/print.ts';
import type { Result } from '../types/result.ts';
import type { SpecVersion } from '../types/version.ts';
import { type AddOutcome, prepareCall } from './call.ts';
import type { AnyPlugin } from './plugin.ts';
import type { World } from './world.ts';

/**
 * Calls a plugin inside this process: the whole protocol but printing. Its failure is thrown as a `CniError`.
 *
 * @returns the result of ADD, `undefined` for the other verbs
 */
export async function callPlugin(plugin: AnyPlugin, world: World): Promise<Result | undefined> {
  const call = await prepareCall(plugin, world, {});
  const outcome = await call.run();
  if (outcome === undefined) return undefined;
  try {
    return asPrinted(outcome, call.cniVersion);
  } catch (thrown) {
    // As its own process would: the caller never learns of this attachment.
    await call.rollBack();
    throw thrown;
  }
}

/** What the oldest versions cannot say must not reach the caller here either, or exec and this way would differ. */
function asPrinted({ result, readFrom }: AddOutcome, version: SpecVersion): Result {
  if (version !== '0.1.0' && version !== '0.2.0') return result;
  return parseResult(JSON.parse(printResult(result, version, readFrom)), version);
}
