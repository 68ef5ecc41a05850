import { CniError, ErrorCode } from '../types/error.ts';

/**
 * Why a namespace could not be opened: `gone` means that nothing is at the path; `not-a-namespace` that something else is
 * there, such as the file that a namespace was mounted on before; `other` anything else.
 */
export type NetnsErrorKind = 'gone' | 'not-a-namespace' | 'other';

/** A network namespace that cannot be opened or entered. */
export class NetnsError extends CniError {
  readonly kind: NetnsErrorKind;

  constructor(kind: NetnsErrorKind, message: string, details = '') {
    super(ErrorCode.internal, message, details);
    this.kind = kind;
  }
}

/** Whether something failed only because there is no such namespace: nothing of it is left for a DEL to do there. */
export function isNetnsGone(thrown: unknown): boolean {
  return thrown instanceof NetnsError && thrown.kind !== 'other';
}
