import { mutate as mutateDocument, textOf } from '../../hostile/input/documents.ts';
import { type Random, randomOf } from '../../hostile/input/random.ts';
import { mutated } from './mutate.ts';
import { bytesOfText, type Target, textOfBytes, weightOf } from './target.ts';

/** What may be said about an input at most: so much for each of its bytes, and for none. */
const WEIGHT = { each: 64, none: 8192 } as const;
/** Milliseconds that an input may take. */
const TIME = { each: 0.004, none: 25 } as const;

/** Of where something was thrown, so many lines are enough. */
const PLACES = 4;

/** What came of the inputs of one target. */
export interface Outcome {
  /** How many were understood, and how many refused. */
  readonly understood: number;
  readonly refused: number;
  readonly slowestMs: number;
  /** `input 17: RangeError: …`, the first few. */
  readonly found: readonly string[];
}

/** Which inputs, and how many times the usual they may take. */
export interface Inputs {
  readonly seed: number;
  readonly first: number;
  readonly last: number;
  readonly slower: number;
}

/** Hands a target the inputs of these numbers; the same seed makes the same. */
export async function run(target: Target, { seed, first, last, slower }: Inputs): Promise<Outcome> {
  const words = (target.words ?? []).map(bytesOfText);
  const found: string[] = [];
  let [understood, refused, slowestMs] = [0, 0, 0];
  const put = async (name: string, bytes: Uint8Array, isSeed: boolean): Promise<void> => {
    const { value, thrown, ms } = await timed(target, bytes);
    slowestMs = Math.max(slowestMs, ms);
    const problem = thrown === undefined ? problemOf(value, bytes) : refusalProblem(target, thrown, isSeed);
    if (isSeed && thrown === undefined && value === undefined) found.push(`${name}: not understood`);
    if (thrown === undefined && value !== undefined) understood += 1;
    else refused += 1;
    if (problem !== undefined && found.length < 10) found.push(`${name}: ${problem}`);
    const limit = slower * (TIME.none + TIME.each * bytes.length);
    if (ms <= limit || found.length >= 10) return;
    // The machine may have been busy with something else.
    const again = [await timed(target, bytes), await timed(target, bytes), await timed(target, bytes)];
    const least = Math.min(ms, ...again.map((one) => one.ms));
    if (least > limit) found.push(`${name}: ${bytes.length} bytes take ${Math.round(least)} ms`);
  };
  if (first === 0) for (const [index, bytes] of target.seeds.entries()) await put(`seed ${index}`, bytes.slice(), true);
  for (let index = first; index < last; index++) {
    await put(`input ${index}`, inputOf(target, words, randomOf(seed, index)), false);
  }
  return { understood, refused, slowestMs, found };
}

function inputOf(target: Target, words: readonly Uint8Array[], random: Random): Uint8Array {
  if (target.isJson !== true || random.chance(0.4)) return mutated(random, target.seeds, words);
  const document = JSON.parse(textOfBytes(random.pick(target.seeds))) as Record<string, unknown>;
  mutateDocument(random, document);
  return bytesOfText(textOf(random, document));
}

async function timed(target: Target, bytes: Uint8Array) {
  const started = performance.now();
  try {
    const given = target.read(bytes);
    // A turn of the event loop for each input would take longer than the input.
    const value = given instanceof Promise ? await given : given;
    return { value, thrown: undefined, ms: performance.now() - started };
  } catch (thrown) {
    return { value: undefined, thrown: thrown ?? 'nothing', ms: performance.now() - started };
  }
}

function problemOf(value: unknown, { length }: Uint8Array): string | undefined {
  const limit = WEIGHT.none + WEIGHT.each * length;
  return weightOf(value, limit) > limit ? `more than ${limit} is said about ${length} bytes` : undefined;
}

function refusalProblem(target: Target, thrown: unknown, isSeed: boolean): string | undefined {
  if (!isSeed && target.refuses?.(thrown) === true) return undefined;
  if (!(thrown instanceof Error)) return String(thrown);
  const places = (thrown.stack ?? '').split('\n').filter((line) => /^\s*at /.test(line));
  return [`${thrown.name}: ${thrown.message}`, ...places.slice(0, PLACES)].join('\n');
}
