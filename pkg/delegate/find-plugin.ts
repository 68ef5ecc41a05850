import { CniError, ErrorCode } from '../types/error.ts';

/** A plugin that there is no file of. */
export class PluginLookupError extends CniError {
  /** The `type` that was looked for. */
  readonly type: string;

  constructor(type: string, message: string, details = '') {
    super(ErrorCode.internal, message, details);
    this.type = type;
  }
}

/**
 * The file of a plugin: the first regular file `folder/type` over CNI_PATH, symbolic links followed.
 * The execute bit is not looked at, so that its lack is said by the kernel.
 */
export function findPlugin(type: string, path: string, isFile: (file: string) => boolean): string {
  if (type === '') throw new PluginLookupError(type, 'no plugin name provided');
  if (type.includes('/')) throw new PluginLookupError(type, `invalid plugin name: ${type}`);
  const folders: string[] = [];
  for (const folder of path.split(':')) {
    if (folder === '') continue;
    folders.push(folder);
    const file = `${folder}/${type}`;
    if (isFile(file)) return file;
  }
  if (folders.length === 0) throw new PluginLookupError(type, 'no paths provided');
  throw new PluginLookupError(
    type,
    `failed to find plugin "${type}" in path [${folders.join(' ')}]`,
    'install it in one of these folders (CNI_PATH), or correct the "type" in the configuration',
  );
}
