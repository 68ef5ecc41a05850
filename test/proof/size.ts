/** The environment variable that asks for the whole proof; `npm run test:proof -- --full` sets it. */
export const FULL_PROOF = 'CNI_TS_PROOF_FULL';

/** How much is proven: a sample that fits every run of the tests, or everything there is. */
export function bySize<Value>(sample: Value, full: Value): Value {
  return process.env[FULL_PROOF] === undefined ? sample : full;
}
