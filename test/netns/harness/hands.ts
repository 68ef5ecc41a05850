/** What the plugins are told by; `exec` is the `ip` and `tc` programs, anything else rtnetlink. */
const HAND = 'CNI_TS_IP';

/** The environment of a call that is about rtnetlink, whichever hand the tests are run by. */
export const NATIVE: Readonly<Record<string, string>> = { [HAND]: 'native' };

/** The environment of a call that is about the programs, whichever hand the tests are run by. */
export const BY_IP: Readonly<Record<string, string>> = { [HAND]: 'exec' };

/** The hands that tests can be run by, by the names that `npm test -- --hand` has for them. */
export const HANDS: ReadonlyMap<string, Readonly<Record<string, string>>> = new Map([
  ['native', NATIVE],
  ['ip', BY_IP],
]);

/** The hand that the tests are run by, for everything that they start. */
export function handOfTests(): Readonly<Record<string, string>> {
  const hand = process.env[HAND];
  return hand === undefined ? {} : { [HAND]: hand };
}

/** What depends on the hand that the tests are run by: how many steps there are, and what each is. */
export function byHand<T>(expected: { readonly native: T; readonly ip: T }): T {
  return process.env[HAND] === BY_IP[HAND] ? expected.ip : expected.native;
}
