import type { Netns } from '../netns/netns.ts';
import { causeErrno } from '../sys/errno.ts';
import { CniError, ErrorCode } from '../types/error.ts';
import { quote, type WorkAction } from './action.ts';

/** How a setting is made; see {@link sysctlAction}. */
export interface SettingOptions {
  /** The undo puts the previous value back. */
  readonly restore?: boolean;
  /** Of a link that is new: it will not have the value yet, so that is not looked for first. */
  readonly fresh?: boolean;
}

/**
 * Makes a kernel setting have a value. It is written only when it differs, so nothing fails on a read-only /proc/sys
 * that is right already.
 *
 * @example
 * sysctlAction('net/ipv4/conf/eth0/arp_notify', '1')
 */
export function sysctlAction(
  name: string,
  value: string,
  { restore = false, fresh = false }: SettingOptions = {},
): WorkAction {
  const path = sysctlPath(name);
  return {
    kind: 'sysctl',
    print: (place) => [
      [...place.prefix, 'sysctl', '-w', `${path.slice('/proc/sys/'.length)}=${value}`].map(quote).join(' '),
    ],
    async run({ place }) {
      if (fresh && !restore && (await isWritten(place, path, value))) return {};
      const before = await readSetting(place, path);
      if (before !== undefined && normal(before) === normal(value)) return {};
      await place.writeFile(path, value);
      return restore && before !== undefined ? { undo: [sysctlAction(name, before)] } : {};
    },
  };
}

/**
 * The file of a setting. As sysctl(8) has it: when the first separator is a dot, dots and slashes change places, so
 * the form with slashes can name links with dots.
 */
export function sysctlPath(name: string): string {
  const [slash, dot] = [name.indexOf('/'), name.indexOf('.')];
  const path = dot !== -1 && (slash === -1 || dot < slash) ? swapped(name) : name;
  for (const part of path.split('/')) {
    if (part === '' || part === '.' || part === '..' || part.includes('\0')) {
      throw new CniError(ErrorCode.invalidConfig, `invalid sysctl name ${JSON.stringify(name)}`);
    }
  }
  return `/proc/sys/${path}`;
}

function swapped(name: string): string {
  return name.replace(/[./]/g, (found) => (found === '.' ? '/' : '.'));
}

async function isWritten(place: Netns, path: string, value: string): Promise<boolean> {
  try {
    await place.writeFile(path, value);
    return true;
  } catch {
    return false;
  }
}

async function readSetting(place: Netns, path: string): Promise<string | undefined> {
  try {
    return (await place.readFile(path)).trimEnd();
  } catch (thrown) {
    // Some settings can only be written.
    if (causeErrno(thrown) === 'ENOENT') throw thrown;
    return undefined;
  }
}

/** The same for values that differ in their white space only. */
function normal(value: string): string {
  const trimmed = value.trim();
  return isOneWord(trimmed) ? trimmed : trimmed.split(/\s+/).join(' ');
}

function isOneWord(text: string): boolean {
  return !text.includes(' ') && !text.includes('\t') && !text.includes('\n');
}
