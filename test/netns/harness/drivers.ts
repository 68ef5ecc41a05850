/** What the plugins are told by; `exec` is the `ip` and `tc` programs, anything else rtnetlink. */
const DRIVER = 'CNI_TS_IP';

/** The environment of a call that is about rtnetlink, whichever hand the tests are run by. */
export const NATIVE: Readonly<Record<string, string>> = { [DRIVER]: 'native' };

/** The environment of a call that is about the programs, whichever hand the tests are run by. */
export const BY_IP: Readonly<Record<string, string>> = { [DRIVER]: 'exec' };

/** The hands that tests can be run by, by the names that `npm test -- --hand` has for them. */
export const DRIVERS: ReadonlyMap<string, Readonly<Record<string, string>>> = new Map([
  ['native', NATIVE],
  ['ip', BY_IP],
]);

/** The hand that the tests are run by, for everything that they start. */
export function driverOfTests(): Readonly<Record<string, string>> {
  const driver = process.env[DRIVER];
  return driver === undefined ? {} : { [DRIVER]: driver };
}

/** What depends on the hand that the tests are run by: how many steps there are, and what each is. */
export function byDriver<T>(expected: { readonly native: T; readonly ip: T }): T {
  return process.env[DRIVER] === BY_IP[DRIVER] ? expected.ip : expected.native;
}
