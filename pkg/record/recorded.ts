const VARIABLE = 'CNI_TS_RECORDED';

/** What a main plugin adds to the environment of its IPAM plugin when it keeps a record of the attachment itself. */
export const RECORDED: Readonly<Record<string, string>> = { [VARIABLE]: '1' };

/** Whether the caller keeps a record of the attachment. */
export function isRecorded(environment: Readonly<Record<string, string | undefined>>): boolean {
  return environment[VARIABLE] === '1';
}
