import { isRegularFile } from '../files/calls.ts';
import { files, statusOf } from '../files/files.ts';
import type { FileStatus } from '../libc.ts';
import { ProgramError } from './error.ts';
import { isOfSuite } from './same-build.ts';

/** The variables that say where programs are, and where plugins. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where programs are looked for when PATH does not have them: runtimes like to start plugins with a bare PATH. */
const SYSTEM_FOLDERS = '/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The file that a program's name stands for: a path as it is, a name looked up in PATH and the system folders. A plugin
 * is never taken for a program: `bridge` is one of both, and where PATH has the plugins' folder first, as k3s sets it,
 * the other would be run.
 *
 * @throws {ProgramError} when there is none
 */
export function findProgram(program: string, environment: Environment = process.env): string {
  if (program.includes('/')) return program;
  const passedOver: string[] = [];
  const found = lookUpProgram(program, environment, passedOver);
  if (found !== undefined) return found;
  const [plugin] = passedOver;
  const remark = plugin === undefined ? '' : ` (${plugin} is not run: it is a plugin, or in a folder of plugins)`;
  throw new ProgramError(program, `executable file not found in $PATH${remark}`);
}

/** Whether there is a program of that name. */
export function hasProgram(program: string, environment: Environment = process.env): boolean {
  return lookUpProgram(program, environment) !== undefined;
}

/**
 * {@link findProgram} for a name; `undefined` when there is none.
 *
 * @param passedOver is told the files that are plugins
 */
export function lookUpProgram(
  program: string,
  environment: Environment = process.env,
  passedOver: string[] = [],
): string | undefined {
  for (const folder of `${environment['PATH'] ?? ''}:${SYSTEM_FOLDERS}`.split(':')) {
    const path = `${folder}/${program}`;
    if (!folder.startsWith('/') || !files().mayExecute(path)) continue;
    const status = statusOf(path);
    if (status === undefined || !isRegularFile(status)) continue;
    if (!isPlugin(program, path, status, environment['CNI_PATH'] ?? '')) return path;
    passedOver.push(path);
  }
  return undefined;
}

/** Whether a file is what CNI_PATH has under this name, whatever link leads to it, or is of this suite. */
function isPlugin(name: string, path: string, status: FileStatus, pluginPath: string): boolean {
  for (const folder of pluginPath.split(':')) {
    const plugin = `${folder}/${name}`;
    if (folder !== '' && files().mayExecute(plugin) && isSame(statusOf(plugin), status)) return true;
  }
  return isOfSuite(path);
}

function isSame(one: FileStatus | undefined, other: FileStatus): boolean {
  return one !== undefined && one.ino === other.ino && one.dev === other.dev;
}
