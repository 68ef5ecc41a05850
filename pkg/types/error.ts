/** The error codes of the CNI specification, and the two that the reference plugins add (8 and 999). */
export const ErrorCode = {
  incompatibleVersion: 1,
  unsupportedField: 2,
  unknownContainer: 3,
  invalidEnvironment: 4,
  io: 5,
  decoding: 6,
  invalidConfig: 7,
  invalidNetns: 8,
  tryAgain: 11,
  notAvailable: 50,
  limitedConnectivity: 51,
  internal: 999,
} as const;

/** The document that a plugin prints on stdout when it fails. */
export interface ErrorDocument {
  readonly cniVersion: string;
  readonly code: number;
  readonly msg: string;
  readonly details?: string;
}

/**
 * A failure that the runtime is told about.
 *
 * `message` is what failed, in the words people already search for; `details` is why, what was found
 * against what was wanted, and what to do about it.
 *
 * @example
 * throw new CniError(ErrorCode.invalidConfig, 'invalid VLAN ID 4095 (must be between 0 and 4094)', 'key "vlan"');
 */
export class CniError extends Error {
  override readonly name = 'CniError';
  readonly code: number;
  readonly details: string;

  constructor(code: number, message: string, details = '', options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
  }

  /** `msg` or `msg; details`: how the error reads inside another one's text. */
  override toString(): string {
    return this.details === '' ? this.message : `${this.message}; ${this.details}`;
  }
}

/** Any thrown value as a {@link CniError}; what is not one already becomes code 999 with its message. */
export function toCniError(thrown: unknown): CniError {
  if (thrown instanceof CniError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new CniError(ErrorCode.internal, message, '', { cause: thrown });
}

/** Fails with the first of several failures, the others in its details; does nothing when there is none. */
export function failTogether(failures: readonly CniError[]): void {
  const [first, ...others] = failures;
  if (first === undefined) return;
  const details = [first.details, ...others.map(String)].filter((text) => text !== '').join('; ');
  throw new CniError(first.code, first.message, details, { cause: first });
}

/** What STATUS answers while no ADD can succeed until somebody acts. */
export function notAvailable(plugin: string, cause: unknown): CniError {
  return new CniError(ErrorCode.notAvailable, `plugin ${plugin} is not available`, toCniError(cause).toString(), {
    cause,
  });
}

/** What CHECK answers when it is not told what ADD had done. */
export function missingPrevResult(): CniError {
  return new CniError(
    ErrorCode.internal,
    'Required prevResult missing',
    'CHECK compares with the result of ADD; a runtime passes it as "prevResult"',
  );
}
