import { decodeJson, isObject } from '../json/decode.ts';
import type { DelegateRequest } from '../skel/delegator.ts';
import type { Environment } from '../skel/plugin.ts';
import { causeErrno } from '../sys/errno.ts';
import { writeOut } from '../sys/files/write-out.ts';
import { patienceFor } from '../sys/process/patience.ts';
import { type ProcessOutcome, runProcess } from '../sys/process/process.ts';
import { readFields } from '../types/decode.ts';
import { CniError, ErrorCode, toCniError } from '../types/error.ts';

/** For people and scripts, who may have more patience than runtimes: in a plugin's call what is left of its time counts. */
const TIMEOUT_MS = 240_000;

/** The code of an error that was made up because a plugin's own could not be read. */
const SYNTHESIZED = 0;

/** How often, and after how long each time, a file that is just being replaced is tried again. */
const BUSY_TRIES = 60;
const BUSY_PAUSE_MS = 100;

/** What another executable failed with: unlike a plugin of this suite it may have left anything behind. */
export class ForeignPluginError extends CniError {}

/** The failure of another executable, whatever of it failed. */
export function foreignError(thrown: unknown): ForeignPluginError {
  const { code, message, details } = toCniError(thrown);
  return new ForeignPluginError(code, message, details, { cause: thrown });
}

/** Runs another executable as a plugin and gives its stdout; its failure is thrown as the error it printed. */
export async function runForeign(file: string, request: DelegateRequest, environment: Environment): Promise<string> {
  const timeoutMs = patienceFor(TIMEOUT_MS);
  const outcome = await runWhenWritten(file, request, environment, timeoutMs);
  if (outcome.status === 0) {
    if (outcome.stderr !== '') await writeOut('stderr', outcome.stderr);
    return outcome.stdout;
  }
  if (outcome.timedOut) throw hung(file, request.verb, timeoutMs, outcome);
  throw await printedError(outcome);
}

/** One that did not end in time was killed, and what it has done is not known. */
function hung(file: string, verb: string, timeoutMs: number, { stderr }: ProcessOutcome): CniError {
  const said = stderr === '' ? '' : `; it said ${JSON.stringify(stderr.slice(0, 4096))}`;
  return new CniError(
    ErrorCode.internal,
    `${file} did not end its ${verb} within ${Math.round(timeoutMs / 100) / 10} s and was killed`,
    `what it waits for is not known here: look at its logs, and at the server that it asks${said}`,
  );
}

/** A file that somebody still writes cannot be run; the kernel tells nobody when that is over, so it is asked again. */
async function runWhenWritten(
  file: string,
  request: DelegateRequest,
  environment: Environment,
  timeoutMs: number,
): Promise<ProcessOutcome> {
  for (let tries = 1; ; tries++) {
    try {
      return await runProcess({ argv: [file], stdin: request.config, environment, timeoutMs });
    } catch (thrown) {
      if (!isTextFileBusy(thrown)) throw thrown;
      if (tries === BUSY_TRIES) throw new CniError(ErrorCode.tryAgain, `${file} is being replaced (text file busy)`);
      await new Promise((resolve) => setTimeout(resolve, BUSY_PAUSE_MS));
    }
  }
}

function isTextFileBusy(thrown: unknown): boolean {
  return causeErrno(thrown) === 'ETXTBSY';
}

async function printedError(outcome: ProcessOutcome): Promise<CniError> {
  if (outcome.stdout === '') return synthesized(withoutDocument(outcome));
  try {
    const document = await decodeJson(outcome.stdout);
    if (!isObject(document)) throw new Error('the document is not an object');
    const { code = SYNTHESIZED, msg = '', details = '' } = readFields(document, '', ['code', 'msg', 'details']);
    if (!isErrorCode(code) || typeof msg !== 'string' || typeof details !== 'string') {
      throw new Error('code, msg or details is of another type');
    }
    return new CniError(code, msg, details);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    const shown = JSON.stringify(outcome.stdout.slice(0, 4096));
    return synthesized(`netplugin failed but error parsing its diagnostic message ${shown}: ${why}`);
  }
}

function isErrorCode(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function withoutDocument(outcome: ProcessOutcome): string {
  const end = outcome.signal === undefined ? `exit status ${outcome.status}` : `signal: ${outcome.signal}`;
  if (outcome.stderr === '') return `netplugin failed with no error message: ${end}`;
  return `netplugin failed: ${JSON.stringify(outcome.stderr.slice(0, 4096))}: ${end}`;
}

function synthesized(message: string): CniError {
  return new CniError(SYNTHESIZED, message);
}
