import type { AttachmentCall } from '../skel/plugin.ts';
import { CniError, ErrorCode } from '../types/error.ts';
import type { Interface, Result } from '../types/result.ts';

/** The container's end, as a result promised it. */
export interface Promised {
  readonly result: Result;
  /** Where it stands in the result. */
  readonly index: number;
  /** `undefined` when the result has none for this interface and namespace. */
  readonly promised: Interface | undefined;
  /** Differences so far, which others are added to. */
  readonly lines: string[];
}

/**
 * Finds the container's end in the previous result of a CHECK.
 *
 * @param prefix how the plugin's messages begin
 * @throws {CniError} when there is no previous result
 */
export function endsOf(call: AttachmentCall<unknown>, prefix: string): Promised {
  const result = call.prevResult;
  if (result === undefined) {
    throw new CniError(
      ErrorCode.internal,
      `${prefix}Required prevResult missing`,
      'CHECK compares with the result of ADD; a runtime passes it as "prevResult"',
    );
  }
  const interfaces = result.interfaces ?? [];
  const index = interfaces.findIndex(({ name, sandbox }) => name === call.ifName && sandbox === call.netns);
  const promised = interfaces[index];
  if (promised !== undefined) return { result, index, promised, lines: [] };
  const found = interfaces.find(({ name, sandbox }) => name === call.ifName && sandbox)?.sandbox ?? '';
  const line = `Sandbox in prevResult ${found} doesn't match configured netns: ${call.netns}`;
  return { result, index, promised, lines: [line] };
}
