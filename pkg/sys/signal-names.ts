/** Linux signals by their numbers, 1 to 31. */
const NAMES =
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS';

/** A signal's name, as `node:child_process` has it. */
export function signalName(number: number): string {
  const name = NAMES.split(' ')[number - 1];
  return name === undefined ? `signal ${number}` : `SIG${name}`;
}
