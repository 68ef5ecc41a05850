import { CniError, ErrorCode } from '../../types/error.ts';

/** A program that is not installed, or not where it was said to be. */
export class ProgramError extends CniError {
  readonly program: string;

  constructor(program: string, reason: string, cause?: unknown) {
    super(ErrorCode.internal, `exec: ${JSON.stringify(program)}: ${reason}`, '', { cause });
    this.program = program;
  }
}
