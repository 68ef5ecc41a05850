import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { CniError } from '../../pkg/types/error.ts';
import type { Result } from '../../pkg/types/result.ts';

/** The previous plugin's result; an error about it begins as the others about the configuration do. */
export function previousResult(call: AttachmentCall<unknown>, failure: string): Result | undefined {
  try {
    return call.prevResult;
  } catch (thrown) {
    if (!(thrown instanceof CniError)) throw thrown;
    throw new CniError(thrown.code, `${failure}${thrown.message}`, thrown.details, { cause: thrown });
  }
}
