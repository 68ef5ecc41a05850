import type { Family } from '../addr/address.ts';
import { CniError, ErrorCode } from '../types/error.ts';
import { NativeTables } from './native-tables.ts';
import { isIptablesNative } from './native-variant.ts';
import { type Program, runFilter, type Site } from './program.ts';

/** An iptables command, as its words after `iptables -t nat`. */
export type Command = readonly string[];

/** The program for a family. */
export const IPTABLES: Readonly<Record<Family, Program>> = { 4: 'iptables', 6: 'ip6tables' };

/** Does all of these to a table, or nothing: without the program where that can be. */
export async function change(
  site: Site,
  family: Family,
  commands: readonly Command[],
  table: 'nat' | 'filter' = 'nat',
): Promise<void> {
  const isDone = await natively(site, family, (tables) => tables.restore(table, commands));
  if (isDone !== true) await restore(site, family, restoreText(commands, table));
}

/** {@link change} of nat while whoever does not wait for it goes on. */
export async function changeInThread(site: Site, family: Family, commands: readonly Command[]): Promise<void> {
  const isDone = await natively(site, family, (tables) => tables.restoreInThread('nat', commands));
  if (isDone !== true) await restore(site, family, restoreText(commands));
}

/** Whether a table has all these rules, each behind its chain's name. `false` says only that it was not seen. */
export async function seesAll(
  site: Site,
  family: Family,
  table: 'nat' | 'filter',
  rules: readonly Command[],
): Promise<boolean> {
  return (await natively(site, family, (tables) => tables.haveAll(table, rules))) === true;
}

/** Works on a family's tables without the program; `undefined` where that cannot be, whatever the reason. */
export async function natively<T>(
  site: Site,
  family: Family,
  work: (tables: NativeTables) => T | Promise<T>,
): Promise<T | undefined> {
  if (site.onlyPrograms) return undefined;
  if (!isIptablesNative()) return undefined;
  const tables = NativeTables.in(site.place, family);
  if (tables === undefined) return undefined;
  try {
    return await work(tables);
  } catch (thrown) {
    if (thrown instanceof CniError) throw thrown;
    return undefined;
  } finally {
    tables.close();
  }
}

/** One transaction of the program; gives what listing commands in it printed. */
export async function restore(site: Site, family: Family, text: string): Promise<string> {
  const argv = [`${IPTABLES[family]}-restore`, '--noflush', `--wait=${site.lockSeconds}`] as const;
  return runFilter(site, argv, { stdin: text });
}

/** The input of iptables-restore that does all of these to a table, or nothing. */
export function restoreText(commands: readonly (Command | string)[], table: 'nat' | 'filter' | 'raw' = 'nat'): string {
  let text = `*${table}\n`;
  for (const command of commands) text += `${typeof command === 'string' ? command : restoreLine(command)}\n`;
  return `${text}COMMIT\n`;
}

/** A command as a line of iptables-restore. */
export function restoreLine(command: Command): string {
  let line = '';
  for (const word of command) line += `${line === '' ? '' : ' '}${restoreWord(word)}`;
  return line;
}

const PLAIN_WORD = /^[\w!,\-./:]+$/;
const WITHOUT_CONTROL = /^[ -\uffff]*$/;

/** A word as iptables-restore reads it back. */
function restoreWord(word: string): string {
  if (PLAIN_WORD.test(word)) return word;
  // A line break would begin another command.
  if (!WITHOUT_CONTROL.test(word))
    throw new CniError(ErrorCode.internal, `control character in ${JSON.stringify(word)}`);
  return `"${escaped(word)}"`;
}

function escaped(word: string): string {
  if (!word.includes('"') && !word.includes('\\')) return word;
  return word.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}
