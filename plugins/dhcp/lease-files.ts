import { isObject } from '../../pkg/json/decode.ts';
import { fileSystemName } from '../../pkg/record/names.ts';
import { hasTexts } from '../../pkg/record/record.ts';
import { bootId } from '../../pkg/record/store.ts';
import { files, makeFolders, readTextFile, statusOf, writeFileAtomically } from '../../pkg/sys/files/files.ts';
import type { Attachment } from '../../pkg/types/attachment.ts';

/** What the daemon keeps of a lease, for the time after its own end. Bytes are in hex. */
export interface LeaseFile extends Attachment {
  readonly version: 1;
  /** After another boot there is nobody any more who has an address. */
  readonly bootId: string;
  readonly netns: { readonly path: string; readonly dev: string; readonly ino: string };
  readonly index: number;
  readonly mac: string;
  readonly wayOut?: { readonly name: string; readonly index: number };
  readonly options: readonly (readonly [code: number, data: string])[];
  readonly ack: string;
  readonly serverMac: string;
  /** Milliseconds since the boot. */
  readonly askedAt: number;
}

const LEASE = '.json';
/** Beside a lease: nobody wants it any more, and the daemon was not there to be told. */
const MARK = '.release';

/** The folder of the leases, beside the socket: who can reach the one can reach the other. */
export function leaseFolder(socketPath: string): string {
  return `${socketPath.endsWith('.sock') ? socketPath.slice(0, -'.sock'.length) : socketPath}.leases`;
}

function pathOf(socketPath: string, { containerId, network, ifName }: Attachment, suffix: string): string {
  return `${leaseFolder(socketPath)}/${fileSystemName(`${containerId}:${network}:${ifName}`)}${suffix}`;
}

/** Whether there is a lease. */
export function hasLease(socketPath: string, key: Attachment): boolean {
  return statusOf(pathOf(socketPath, key, LEASE)) !== undefined;
}

/** Keeps a lease. */
export function writeLease(socketPath: string, lease: Omit<LeaseFile, 'version' | 'bootId'>): void {
  makeFolders(leaseFolder(socketPath), 0o700);
  const document: LeaseFile = { version: 1, bootId: bootId(), ...lease };
  writeFileAtomically(pathOf(socketPath, lease, LEASE), `${JSON.stringify(document)}\n`);
}

/** Forgets a lease, and that it was not wanted any more. */
export function removeLease(socketPath: string, key: Attachment): void {
  for (const suffix of [LEASE, MARK]) removeIfThere(pathOf(socketPath, key, suffix));
}

function removeIfThere(path: string): void {
  if (statusOf(path) !== undefined) files().removeFile(path);
}

/** Notes that a lease is not wanted any more: the daemon gives it back as soon as it looks. */
export function markLease(socketPath: string, key: Attachment): void {
  writeFileAtomically(pathOf(socketPath, key, MARK), '');
}

/** Whether that was noted. */
export function isMarked(socketPath: string, key: Attachment): boolean {
  return statusOf(pathOf(socketPath, key, MARK)) !== undefined;
}

/** All leases of this boot; what is damaged, or of another one, is not worth keeping. */
export function readLeases(socketPath: string): readonly LeaseFile[] {
  const folder = leaseFolder(socketPath);
  if (statusOf(folder) === undefined) return [];
  const leases: LeaseFile[] = [];
  for (const { name } of files().list(folder)) {
    if (!name.endsWith(LEASE)) continue;
    const lease = decodeLease(readTextFile(`${folder}/${name}`) ?? '', bootId());
    if (lease !== undefined) leases.push(lease);
  }
  return leases;
}

/** Makes the folder, or removes from it what no daemon of this boot has any use for. */
export function tidyLeases(socketPath: string): void {
  const folder = leaseFolder(socketPath);
  makeFolders(folder, 0o700);
  const known = new Set(readLeases(socketPath).map((lease) => pathOf(socketPath, lease, '')));
  for (const { name } of files().list(folder)) {
    const suffix = [LEASE, MARK].find((end) => name.endsWith(end)) ?? '';
    const path = `${folder}/${name}`;
    if (!known.has(path.slice(0, path.length - suffix.length))) removeIfThere(path);
  }
}

/** Reads a lease's file; `undefined` when it is damaged, or of another boot. */
export function decodeLease(text: string, boot: string): LeaseFile | undefined {
  try {
    const lease: unknown = JSON.parse(text);
    return isLease(lease) && lease.bootId === boot ? lease : undefined;
  } catch {
    return undefined;
  }
}

const TEXTS = ['bootId', 'containerId', 'network', 'ifName', 'mac', 'ack', 'serverMac'] as const;

function isLease(value: unknown): value is LeaseFile {
  if (!isObject(value) || value['version'] !== 1 || !hasTexts(value, TEXTS)) return false;
  const { netns, index, wayOut, options, askedAt } = value;
  const hasNetns = isObject(netns) && hasTexts(netns, ['path', 'dev', 'ino']);
  const hasWayOut =
    wayOut === undefined || (isObject(wayOut) && hasTexts(wayOut, ['name']) && isIndex(wayOut['index']));
  const hasOptions = Array.isArray(options) && options.every(isOption);
  return hasNetns && hasWayOut && hasOptions && isIndex(index) && Number.isFinite(askedAt);
}

function isIndex(value: unknown): boolean {
  return Number.isSafeInteger(value);
}

function isOption(value: unknown): boolean {
  return Array.isArray(value) && isIndex(value[0]) && typeof value[1] === 'string';
}
