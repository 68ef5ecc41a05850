import { bootId } from '../record/store.ts';
import { files, readExistingFile } from '../sys/files/files.ts';

/** What is known of the running boot. */
export interface Boot {
  /** '' where the kernel does not tell. */
  readonly id: string;
  /**
   * Milliseconds since the epoch: files older than this are certainly from before this boot, whatever the clock did.
   * `undefined` when nothing is certain. Asked for only when something has to be proven.
   */
  notBefore(): number | undefined;
}

/** The kernel's figure is in whole seconds, and the clock may have been corrected by a little. */
const MARGIN_MS = 2000;

/** What `statfs` calls a file system whose files are made anew at every boot. */
const TMPFS_MAGIC = 0x01021994;

/** The boot that this process runs in. */
export function currentBoot(): Boot {
  return { id: bootId(), notBefore: () => earliestTime(bootTime(), firstFileTime()) };
}

/** The latest time that is certainly before everything that happened in this boot. */
export function earliestTime(booted: number | undefined, firstFile: number | undefined): number | undefined {
  // A clock that was set forward since the boot moves the time of the boot too, but not the times of files:
  // leases given before that look older than the boot, and so does whatever else the boot made then.
  if (booted === undefined || firstFile === undefined) return undefined;
  return Math.min(booted, firstFile) - MARGIN_MS;
}

function bootTime(): number | undefined {
  try {
    const seconds = /^btime (\d+)$/m.exec(readExistingFile('/proc/stat'))?.[1];
    return seconds === undefined ? undefined : Number(seconds) * 1000;
  } catch {
    return undefined;
  }
}

/** When the kernel made its first device files, by the clock as it was then. */
function firstFileTime(): number | undefined {
  try {
    if (files().fileSystem('/dev') !== TMPFS_MAGIC) return undefined;
    const { mtimeNs, ctimeNs } = files().status('/dev/null');
    return Math.min(Number(mtimeNs), Number(ctimeNs)) / 1_000_000;
  } catch {
    return undefined;
  }
}
