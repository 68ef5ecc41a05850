import type { IpCommand } from '../ip/command.ts';
import { readComplaint } from '../ip/kernel-errors.ts';
import type { ProcessOutcome } from '../sys/process/process.ts';
import type { IpDriver, IpRun } from './driver.ts';

/** The hand that runs `ip`, `tc` and `bridge`: one process for as many commands as one batch can hold. */
export const ipDriver: IpDriver = {
  async run(place, commands, timeoutMs) {
    const batch = commands.slice(0, batchLength(commands));
    let outcome: ProcessOutcome;
    try {
      outcome = await place.start({ argv: toArgv(batch), stdin: toText(batch), timeoutMs }).outcome();
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      const hint = reason.includes(`"${batch[0]?.program}"`) ? 'install iproute2, or set PATH for the runtime' : '';
      return { taken: batch.length, done: 0, outputs: new Map(), failure: { errno: undefined, reason, hint } };
    }
    return toRun(batch, outcome, timeoutMs);
  },
};

/** Objects whose failing commands are reported with their line; after others `ip` just ends. */
const REPORTED = ['link', 'addr', 'address', 'route', 'rule', 'qdisc', 'filter', 'vlan'];

/** How many commands may share a process. */
function batchLength(commands: readonly IpCommand[]): number {
  const last = commands.findIndex((command, index) => {
    const next = commands[index + 1];
    return (
      next === undefined || next.program !== command.program || endsBatch(command) || family(command) !== family(next)
    );
  });
  return last + 1;
}

function endsBatch({ words }: IpCommand): boolean {
  const [object = '', verb = ''] = words;
  if (!REPORTED.includes(object)) return true;
  // `ip` remembers which name had which index, also of links that have gone since.
  return object === 'link' && (verb === 'del' || verb === 'delete' || (verb === 'set' && words.includes('netns')));
}

/** `-4`, `-6`, …: these hold for a whole process; `-d` harms no other command. */
function family(command: IpCommand): string {
  return command.options.filter((option) => option !== '-d').join(' ');
}

function toArgv(batch: readonly IpCommand[]): [string, ...string[]] {
  const options = new Set(batch.flatMap((command) => command.options));
  return [batch[0]?.program ?? 'ip', '-j', ...options, '-batch', '-'];
}

function toText(batch: readonly IpCommand[]): string {
  return batch.map((command) => `${command.words.join(' ')}\n`).join('');
}

function toRun(batch: readonly IpCommand[], outcome: ProcessOutcome, timeoutMs: number): IpRun {
  const taken = batch.length;
  if (outcome.status === 0) return { taken, done: taken, outputs: decode(batch, outcome.stdout) };
  if (outcome.status === undefined) {
    const reason = outcome.timedOut
      ? `timed out after ${timeoutMs} ms`
      : `${batch[0]?.program} was ended by ${outcome.signal}`;
    const hint = 'which of the commands were done is not known';
    const errno = outcome.timedOut ? 'ETIMEDOUT' : undefined;
    return {
      taken,
      done: 0,
      outputs: new Map(),
      failure: { errno, reason, hint },
      doubtful: true,
    };
  }
  const { line } = readComplaint(outcome.stderr);
  const at = line === undefined ? guessLine(batch, outcome.stderr) : line - 1;
  const { errno, reason, hint } = readComplaint(outcome.stderr, batch[at ?? 0]);
  const failure = { errno, reason, hint };
  if (at === undefined) return { taken, done: 0, outputs: new Map(), failure, doubtful: true };
  return { taken, done: at, outputs: decode(batch.slice(0, at), outcome.stdout), failure };
}

/** `ip` ends at once, without a line number, at a word that it cannot parse; the word is in its message. */
function guessLine(batch: readonly IpCommand[], stderr: string): number | undefined {
  const last = batch.length - 1;
  if (last === 0) return last;
  const word = /(?:argument|rather than|, or) "([^"\n]+)"/.exec(stderr)?.[1];
  if (word === undefined) return REPORTED.includes(batch[last]?.words[0] ?? '') ? undefined : last;
  const positions = batch.flatMap((command, index) => (command.words.includes(word) ? [index] : []));
  return positions.length === 1 ? positions[0] : undefined;
}

const READING_VERBS = ['show', 'list', 'ls', 'lst', 'get'];

function decode(done: readonly IpCommand[], stdout: string): ReadonlyMap<number, unknown> {
  const readers = done.flatMap((command, index) => (READING_VERBS.includes(command.words[1] ?? '') ? [index] : []));
  const documents = stdout.split('\n').filter((line) => line.trim() !== '');
  return new Map(readers.map((position, index) => [position, decodeDocument(documents[index])]));
}

/** An object that a filter left out appears as an empty one. */
function decodeDocument(text = '[]'): unknown {
  const document: unknown = JSON.parse(text);
  if (!Array.isArray(document)) return document;
  return document.filter((entry) => Object.keys(entry ?? {}).length > 0);
}
