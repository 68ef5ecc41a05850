import { CniError, ErrorCode } from '../types/error.ts';

/**
 * The file of a plugin: the first regular file `folder/type` over CNI_PATH, symbolic links followed.
 * The execute bit is not looked at, so that its lack is said by the kernel.
 */
export function findPlugin(type: string, path: string, isFile: (file: string) => boolean): string {
  if (type === '') throw new CniError(ErrorCode.internal, 'no plugin name provided');
  if (type.includes('/')) throw new CniError(ErrorCode.internal, `invalid plugin name: ${type}`);
  const folders: string[] = [];
  for (const folder of path.split(':')) {
    if (folder === '') continue;
    folders.push(folder);
    const file = `${folder}/${type}`;
    if (isFile(file)) return file;
  }
  if (folders.length === 0) throw new CniError(ErrorCode.internal, 'no paths provided');
  throw new CniError(
    ErrorCode.internal,
    `failed to find plugin "${type}" in path [${folders.join(' ')}]`,
    'install it in one of these folders (CNI_PATH), or correct the "type" in the configuration',
  );
}
