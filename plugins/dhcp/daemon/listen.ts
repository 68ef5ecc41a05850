import type { Server } from 'node:net';
import { thrownErrno, thrownText } from '../../../pkg/sys/errno.ts';
import { files, makeFolders, readTextFile, removeFile, statusOf } from '../../../pkg/sys/files/files.ts';
import { greetDaemon } from '../ask-daemon.ts';

/** Where a daemon listens. */
export interface Listening {
  /** The path of its socket, which its leases are kept beside. */
  readonly path: string;
  close(): void;
}

/** The first descriptor that systemd hands over. */
const FIRST_FD = 3;

/** The path of the socket that systemd handed over; `undefined` when it did not. */
export function handedOver(environment: Readonly<Record<string, string | undefined>>): boolean {
  const { LISTEN_PID: pid, LISTEN_FDS: count = '0' } = environment;
  if (pid !== String(process.pid) || Number(count) === 0) return false;
  if (Number(count) !== 1) throw new Error(`Too many (${count}) FDs passed through socket activation`);
  return true;
}

/** The path that the handed over socket listens on, or the given one where that cannot be seen. */
export function handedPath(otherwise: string): string {
  const [, inode] = /^socket:\[(\d+)\]$/.exec(files().readLink(`/proc/self/fd/${FIRST_FD}`)) ?? [];
  const line = (readTextFile('/proc/net/unix') ?? '').split('\n').find((text) => text.split(/\s+/)[6] === inode);
  return line?.split(/\s+/)[7] ?? otherwise;
}

/** Listens on what systemd handed over; that stays systemd's. */
export async function listenHandedOver(server: Server, path: string): Promise<Listening> {
  await listening(server, { fd: FIRST_FD });
  return { path, close: () => server.close() };
}

/** Listens on a path. A socket there on which nobody answers is replaced. */
export async function listenOn(server: Server, path: string): Promise<Listening> {
  makeFolders(path.slice(0, path.lastIndexOf('/')) || '/', 0o700);
  if (await isTaken(path)) throw new Error(`listen unix ${path}: bind: address already in use`);
  removeFile(path);
  // Whoever may write to it can have packets sent: root alone, whatever the umask, and from the first moment.
  const umask = process.umask(0o177);
  const bound = listening(server, { path });
  process.umask(umask);
  try {
    await bound;
  } catch (thrown) {
    throw new Error(`listen unix ${path}: bind: ${thrownText(thrown)}`);
  }
  const own = statusOf(path)?.ino;
  return {
    path,
    close() {
      const isOwn = own !== undefined && statusOf(path)?.ino === own;
      server.close();
      if (isOwn) removeFile(path);
    },
  };
}

/** Whether somebody listens there, or something is there that is no socket. */
async function isTaken(path: string): Promise<boolean> {
  if (statusOf(path) === undefined) return false;
  try {
    await greetDaemon(path);
    return true;
  } catch (thrown) {
    const cause = thrown instanceof Error ? thrown.cause : undefined;
    // Whoever listens and does not answer in time is alive all the same.
    return thrownErrno(cause) !== 'ECONNREFUSED' || !isSocket(path);
  }
}

function isSocket(path: string): boolean {
  return ((statusOf(path)?.mode ?? 0) & 0o170000) === 0o140000;
}

function listening(server: Server, where: { readonly path: string } | { readonly fd: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
