import { isSpecVersion } from '../../../pkg/types/version.ts';

/** What a call printed and how it ended. */
export interface Said {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number | undefined;
}

/** What is wrong with how a call ended; `undefined` when it ended as every call must. */
export function problemOf({ stdout, stderr, exitCode }: Said): string | undefined {
  if (exitCode !== 0 && exitCode !== 1) return `exit status ${exitCode}`;
  if (/defect of the plugin|\n\s+at \S+ \(|Error: .*\n\s+at /.test(`${stdout}${stderr}`)) return `a defect: ${stderr}`;
  if (stdout === '') return exitCode === 0 ? undefined : 'no document';
  let document: Readonly<Record<string, unknown>>;
  try {
    document = JSON.parse(stdout);
  } catch {
    return 'no JSON';
  }
  if (!isSpecVersion(String(document['cniVersion']))) return 'no version';
  if (exitCode === 0) return undefined;
  if (!Number.isInteger(document['code'])) return 'no code';
  return typeof document['msg'] === 'string' && document['msg'] !== '' ? undefined : 'no message';
}
