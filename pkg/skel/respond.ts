import { CniError, ErrorCode, toCniError } from '../types/error.ts';
import { printError, printResult, printVersions } from '../types/print.ts';
import { isSpecVersion, LATEST_VERSION } from '../types/version.ts';
import { type CallTrail, type PreparedCall, prepareCall } from './call.ts';
import type { AnyPlugin } from './plugin.ts';
import type { World } from './world.ts';

/** What a plugin's process says: one document or nothing, and its exit status. */
export interface Response {
  readonly stdout: string;
  readonly exitCode: 0 | 1;
  /** Takes back what was done when the document cannot be delivered; a no-op for everything but ADD. */
  rollBack(): Promise<void>;
}

/** Answers one call of the protocol, whatever it is; never throws. */
export async function respond(plugin: AnyPlugin, world: World): Promise<Response> {
  if (world.environment['CNI_COMMAND'] === 'VERSION') return success(printVersions(plugin.versions));
  const trail: CallTrail = {};
  try {
    const call = await prepareCall(plugin, world, trail);
    const outcome = await call.run();
    if (outcome === undefined) return success('');
    return await deliverable(call, () => printResult(outcome.result, call.cniVersion, outcome.readFrom));
  } catch (thrown) {
    return failure(thrown, trail.version);
  }
}

/** A result that cannot be printed is one the runtime never learns of: the ADD is taken back. */
async function deliverable(call: PreparedCall, print: () => string): Promise<Response> {
  try {
    return { stdout: print(), exitCode: 0, rollBack: () => call.rollBack() };
  } catch (thrown) {
    await call.rollBack();
    throw thrown;
  }
}

function success(stdout: string): Response {
  return { stdout, exitCode: 0, rollBack: async () => {} };
}

function failure(thrown: unknown, configVersion: string | undefined): Response {
  const version = configVersion !== undefined && isSpecVersion(configVersion) ? configVersion : LATEST_VERSION;
  return { stdout: printError(explained(thrown), version), exitCode: 1, rollBack: async () => {} };
}

/** A failure nobody foresaw is a defect; its trace goes into the details, never to stdout on its own. */
function explained(thrown: unknown): CniError {
  if (!(thrown instanceof TypeError || thrown instanceof RangeError || thrown instanceof ReferenceError)) {
    return toCniError(thrown);
  }
  const details = `this is a defect of the plugin, please report it: ${thrown.stack ?? ''}`;
  return new CniError(ErrorCode.internal, thrown.message, details, { cause: thrown });
}
