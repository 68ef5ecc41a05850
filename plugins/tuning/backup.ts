import { decodeJson, isObject } from '../../pkg/json/decode.ts';
import { fileError, makeFolders, readTextFile, removeFile, writeFileAtomically } from '../../pkg/sys/files/files.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import type { LinkState } from './link.ts';

/** Where an attachment's former settings are kept. */
export function backupFile(dataDir: string, containerId: string, ifName: string): string {
  return `${dataDir}/${containerId}_${ifName}.json`;
}

/** Keeps what is about to be changed, in the reference's form, so that either suite can put it back. */
export function writeBackup(dataDir: string, file: string, state: LinkState): void {
  const { mac, promisc, mtu, allmulti, txQLen } = state;
  try {
    makeFolders(dataDir, 0o700);
  } catch (thrown) {
    const { message } = fileError('mkdir', dataDir, thrown);
    throw new CniError(ErrorCode.io, `failed to create backup directory: ${message}`, '', { cause: thrown });
  }
  const text = JSON.stringify({ mac, promisc, mtu, allmulti, txQLen }, null, 1);
  writeFileAtomically(file, text, { mode: 0o600, temporary: temporaryOf(file) });
}

/** A name that whoever comes after a crash knows; nobody reads a file of it. */
function temporaryOf(file: string): string {
  return file.replace(/json$/, 'tmp');
}

/** Forgets the former settings, also those that a crash has left half written. */
export function removeBackup(file: string): void {
  removeFile(temporaryOf(file));
  removeFile(file);
}

/** The former settings; `undefined` when there are none, or none that can be read. */
export async function readBackup(file: string): Promise<LinkState | undefined> {
  const text = readTextFile(file);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = await decodeJson(text);
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const { mac, promisc, mtu, allmulti, txQLen } = value;
  return {
    ...(typeof mac === 'string' && mac !== '' ? { mac } : {}),
    ...(typeof promisc === 'boolean' ? { promisc } : {}),
    ...(typeof mtu === 'number' && mtu > 0 ? { mtu } : {}),
    ...(typeof allmulti === 'boolean' ? { allmulti } : {}),
    ...(typeof txQLen === 'number' ? { txQLen } : {}),
  };
}
