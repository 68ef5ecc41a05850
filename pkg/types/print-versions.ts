import { LATEST_VERSION, type SpecVersion } from './version.ts';

/** The answer to VERSION: one compact line, always of the newest version. */
export function printVersions(supportedVersions: readonly SpecVersion[]): string {
  return `${JSON.stringify({ cniVersion: LATEST_VERSION, supportedVersions })}\n`;
}
