import { causeErrno } from '../sys/errno.ts';
import { fileError, fs, readTextFile, type WriteOptions, writeFileAtomically } from '../sys/files/files.ts';
import { quote, type WorkAction } from './action.ts';

/** Writes a file, whole or not at all; files know no network namespace. The undo restores what was there. */
export function writeFileAction(path: string, text: string, options: WriteOptions = {}, restore = false): WorkAction {
  return {
    kind: 'file',
    print: () => [`printf %s ${quote(text)} > ${quote(path)}`],
    run() {
      const before = restore ? readTextFile(path) : undefined;
      writeFileAtomically(path, text, options);
      if (!restore) return {};
      return { undo: [before === undefined ? removeFileAction(path) : writeFileAction(path, before, options)] };
    },
  };
}

/** Removes a file; one that is not there is fine. */
export function removeFileAction(path: string): WorkAction {
  return {
    kind: 'file',
    print: () => [`rm -f ${quote(path)}`],
    run() {
      try {
        fs().unlinkSync(path);
      } catch (thrown) {
        if (causeErrno(thrown) !== 'ENOENT') throw fileError('unlink', path, thrown);
      }
      return {};
    },
  };
}
