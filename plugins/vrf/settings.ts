import { configError } from '../../pkg/config/config-error.ts';
import { linkName } from '../../pkg/ip/names.ts';
import type { VrfConf } from './schema.ts';

/** What a configuration asks for. */
export interface VrfSettings {
  readonly vrf: string;
  /** 0: any. */
  readonly table: number;
}

const LARGEST_TABLE = 0xffff_ffff;

/**
 * Reads a configuration.
 *
 * @throws {CniError} code 7
 */
export function settingsOf({ vrfname = '', table = 0 }: VrfConf): VrfSettings {
  if (vrfname === '') {
    const message = 'configuration is expected to have a valid vrf name';
    throw configError(message, 'vrfname', vrfname, 'the name of a link');
  }
  if (table < 0 || table > LARGEST_TABLE) {
    throw configError(`invalid table ${table}`, 'table', table, `a number from 0 to ${LARGEST_TABLE}`);
  }
  return { vrf: linkName(vrfname), table };
}
