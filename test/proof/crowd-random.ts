/** The environment variable that repeats a run's choices. */
export const SEED = 'CNI_TS_PROOF_SEED';

/** The seed of this run. */
export function seedOfRun(): number {
  const given = process.env[SEED];
  return given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
}

/** Choices that are the same for the same seed. */
export interface Choices {
  /** A whole number from 0 to below this. */
  below(limit: number): number;
  /** Whether something happens that does so with this probability. */
  happens(probability: number): boolean;
  /** One of several. */
  among<T>(all: readonly [T, ...T[]]): T;
}

/** Choices from a seed: a Weyl sequence, and MurmurHash's mixer over it. */
export function choicesFrom(seed: number): Choices {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    happens: (probability) => next() < probability,
    among: (all) => all[below(all.length)] ?? all[0],
  };
}
