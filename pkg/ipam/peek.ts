import { RECORD_FOLDER } from '../record/store.ts';
import { fs } from '../sys/files/files.ts';
import { CniError, toCniError } from '../types/error.ts';
import { type LeaseStore, type StoreOptions, withLeases } from './store.ts';

/**
 * What {@link withLeases} would give, found out on a copy of the leases and the records that is thrown away: nothing
 * is locked, written or removed where others look.
 */
export async function peekLeases<T>(options: StoreOptions, work: (store: LeaseStore) => T): Promise<T> {
  const { mkdtempSync, rmSync } = fs();
  const copy = mkdtempSync(`${process.getBuiltinModule('node:os').tmpdir()}/cni-ts-peek-`);
  const asSeen = (text: string): string => text.replaceAll(copy, options.dataDir);
  try {
    const { dataDir, network, recordFolder = RECORD_FOLDER } = options;
    copyFolder(`${dataDir}/${network}`, `${copy}/${network}`);
    copyFolder(`${dataDir}/.cni-ts/${network}`, `${copy}/.cni-ts/${network}`);
    copyFolder(recordFolder, `${copy}/.records`);
    const { attachment: _, ...others } = options;
    const warn = (line: string): void => options.warn(asSeen(line));
    const peeking = { ...others, dataDir: copy, recordFolder: `${copy}/.records`, warn };
    return (await withLeases(peeking, true, work)) as T;
  } catch (thrown) {
    const { code, message, details } = toCniError(thrown);
    throw new CniError(code, asSeen(message), asSeen(details), { cause: thrown });
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** With the times of the files: they tell in which boot a lease was given. */
function copyFolder(from: string, to: string): void {
  if (!fs().existsSync(from)) return;
  fs().cpSync(from, to, { recursive: true, preserveTimestamps: true, dereference: false });
}
