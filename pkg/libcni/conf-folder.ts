import { causeErrno } from '../sys/errno.ts';
import { files, readExistingFile } from '../sys/files/files.ts';
import { CniError, ErrorCode } from '../types/error.ts';
import { quote } from '../types/quote.ts';
import { type ConfList, listOfOne, type PluginConf, parseConfList, parsePluginConf } from './conf-list.ts';

/** A list and the file that it is from. */
export interface FoundList {
  readonly list: ConfList;
  readonly file: string;
}

/**
 * The configuration of a network in a folder, found as libcni finds it: lists in the order of their names, the first
 * of that name counts, and then the files of single plugins. A list that cannot be read ends the search.
 */
export async function findConfList(folder: string, name: string): Promise<FoundList> {
  const lists = filesIn(folder, ['.conflist']);
  for (const file of lists) {
    const list = await readConfList(file);
    if (list.name === name) return { list, file };
  }
  const singles = filesIn(folder, ['.conf', '.json']);
  if (lists.length + singles.length === 0) {
    throw new CniError(
      ErrorCode.invalidConfig,
      `no net configurations found in ${folder}`,
      'put a .conflist file there, or name another folder with NETCONFPATH',
    );
  }
  for (const file of singles) {
    const plugin = await readSingle(file);
    if (plugin.name === name) return { list: listOfOne(plugin), file };
  }
  const advice = `"grep name ${folder}/*" shows the networks that there are`;
  throw new CniError(ErrorCode.invalidConfig, `no net configuration with name ${quote(name)} in ${folder}`, advice);
}

/** Reads a list's file, with the plugins that lie in files of their own beside it. */
export async function readConfList(file: string): Promise<ConfList> {
  const list = await parseConfList(readFile(file));
  if (list.onlyInlined) return withPlugins(list, []);
  const beside = filesIn(`${file.slice(0, file.lastIndexOf('/'))}/${list.name}`, ['.conf']);
  return withPlugins(list, await Promise.all(beside.map(readSingle)));
}

/** The files in a folder that have one of these endings, sorted; those of folders below do not count. */
export function filesIn(folder: string, endings: readonly string[]): readonly string[] {
  try {
    return files()
      .list(folder)
      .filter(({ name, isFolder }) => !isFolder && endings.some((ending) => name.endsWith(ending)))
      .map(({ name }) => `${folder}/${name}`)
      .sort();
  } catch (thrown) {
    if (causeErrno(thrown) === 'ENOENT') return [];
    throw thrown;
  }
}

function withPlugins(list: ConfList, others: readonly PluginConf[]): ConfList {
  const plugins = [...list.plugins, ...others];
  if (plugins.length > 0) return { ...list, plugins };
  const expected = `key "plugins": at least one plugin, or a file ${list.name}/NAME.conf beside the list`;
  throw new CniError(ErrorCode.invalidConfig, 'no plugin configs found', expected);
}

async function readSingle(file: string): Promise<PluginConf> {
  return parsePluginConf(readFile(file));
}

function readFile(file: string): string {
  try {
    return readExistingFile(file);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new CniError(ErrorCode.io, `error reading ${file}: ${why}`);
  }
}
