import { thrownErrno } from '../../pkg/sys/errno.ts';
import { files, readTextFile, removeFile, statusOf, writeFile } from '../../pkg/sys/files/files.ts';
import { type FileLock, lockFolder } from '../../pkg/sys/files/lock.ts';
import { type Attachment, attachmentKey, isSameAttachment } from '../../pkg/types/attachment.ts';
import { addressesOfPorts, type Claim, decodeClaims, holderKey, without } from './claim.ts';
import { type Conflict, type ListedClaim, PortJudge } from './judge.ts';
import type { PortMapping } from './mapping.ts';
import type { UnclaimedPorts } from './unclaimed.ts';

export type { Conflict, ListedClaim };

/** What became of an attempt to take ports. */
export interface Taking {
  /** Owners that are gone for certain, or that the new one is the successor of. */
  readonly evicted: readonly Claim[];
  /** When there are any and they count, nothing was noted. */
  readonly conflicts: readonly Conflict[];
}

const NONE: UnclaimedPorts = new Map();
/** How long others may hold the folder altogether. */
const PATIENCE_MS = 10_000;
/** How long it is held at a time: whoever has thousands of ports lets others in between. */
const HOLD_MS = 20;
/** Longer than whoever waits for the lock sleeps between two looks at it. */
const PAUSE_MS = 10;

/**
 * Who has which port of this host: a small file for each port, so that nobody has to look at all containers.
 *
 * The folder is in that of the records, under a name that no container's can be, and there for as long as somebody has a
 * port. Under its lock files are read and written, and nothing else: whether somebody is still alive is found out before.
 */
export class PortClaims {
  readonly #folder: string;

  constructor(recordFolder: string) {
    this.#folder = `${recordFolder}/.ports`;
  }

  /**
   * Notes that an attachment has the ports of these mappings, unless a living container has one: by what is noted, or by
   * what the kernel's rules say.
   */
  async take(
    record: Omit<Claim, 'hostIps'>,
    mappings: readonly PortMapping[],
    allowsConflicts: boolean,
    unclaimed: UnclaimedPorts = NONE,
  ): Promise<Taking> {
    const { containerId, ifName, network, bootId, netns, pod } = record;
    const owner = { containerId, ifName, network, bootId, netns, ...(pod === undefined ? {} : { pod }) };
    const judge = new PortJudge(owner);
    const wanted = addressesOfPorts(mappings);
    const before = new Map<string, Claim | undefined>();
    // In one order: of two that want the same ports, the one that is first at the first of them gets them all.
    const ports = [...wanted.keys()].sort();
    for (let at = 0; at < ports.length; ) {
      await this.#inTurns(ports.slice(at), (port) => {
        const hostIps = wanted.get(port) ?? [];
        const claims = this.#read(port);
        const others = without(claims, owner);
        if (!judge.look(port, hostIps, withUnclaimed(others, unclaimed.get(port)))) return false;
        at += 1;
        if (judge.conflicts.length > 0 && !allowsConflicts) return true;
        const former = claims.find((claim) => isSameAttachment(claim, owner));
        before.set(port, former);
        this.#write(port, [...others, { ...owner, hostIps }]);
        return true;
      });
      judge.decide();
    }
    const { evicted, conflicts } = judge;
    if (conflicts.length > 0 && !allowsConflicts) {
      await this.#inTurns([...before.keys()], (port) => {
        const former = before.get(port);
        this.#write(port, [...without(this.#read(port), owner), ...(former === undefined ? [] : [former])]);
        return true;
      });
    }
    return { evicted, conflicts };
  }

  /** What {@link take} would find; nothing is noted. */
  preview(owner: Omit<Claim, 'hostIps'>, mappings: readonly PortMapping[], unclaimed: UnclaimedPorts): Taking {
    const judge = new PortJudge(owner);
    for (const [port, hostIps] of addressesOfPorts(mappings)) {
      const others = withUnclaimed(without(this.#read(port), owner), unclaimed.get(port));
      while (!judge.look(port, hostIps, others)) judge.decide();
    }
    return judge;
  }

  /** Notes that these attachments have none of these ports any more. */
  async release(owners: readonly Attachment[], mappings: readonly PortMapping[]): Promise<void> {
    if (owners.length === 0 || mappings.length === 0 || this.areNone()) return;
    const keys = new Set<string>();
    for (const owner of owners) keys.add(attachmentKey(owner));
    await this.#drop([...addressesOfPorts(mappings).keys()], (_, claim) => keys.has(attachmentKey(claim)));
  }

  /** Whether nobody has a port, as far as can be seen without the lock. */
  areNone(): boolean {
    return statusOf(this.#folder) === undefined;
  }

  /** Does something while nobody can take a port, if nobody has one. */
  async ifNone(work: () => Promise<void>): Promise<void> {
    const lock = await this.#lock();
    try {
      if (this.#ports().length > 0) return;
      await work();
      this.#removeIfEmpty();
    } finally {
      lock.release();
    }
  }

  /** Removes exactly these claims; one of the same attachment in another namespace is a new one, and stays. */
  async remove(listed: readonly ListedClaim[]): Promise<void> {
    const keys = new Set<string>();
    const ports = new Set<string>();
    for (const { port, claim } of listed) {
      ports.add(port);
      keys.add(`${port} ${holderKey(claim)}`);
    }
    await this.#drop([...ports], (port, claim) => keys.has(`${port} ${holderKey(claim)}`));
  }

  /** Removes all claims for which this holds, and what a crash has left; gives the owners. */
  async sweep(isStale: (claim: Claim) => boolean): Promise<readonly Claim[]> {
    const stale: ListedClaim[] = [];
    const damaged: string[] = [];
    for (const port of this.#ports()) {
      const claims = this.#read(port);
      for (const claim of claims) if (isStale(claim)) stale.push({ port, claim });
      if (claims.length === 0) damaged.push(port);
    }
    await this.remove(stale);
    await this.#drop(damaged, () => false);
    return stale.map(({ claim }) => claim);
  }

  /** All claims. */
  all(): readonly Claim[] {
    return this.listed().map(({ claim }) => claim);
  }

  /** All claims with their ports. */
  listed(): readonly ListedClaim[] {
    return this.#ports().flatMap((port) => this.#read(port).map((claim) => ({ port, claim })));
  }

  #ports(): readonly string[] {
    if (this.areNone()) return [];
    return files()
      .list(this.#folder)
      .map(({ name }) => name);
  }

  /** The claims on a port; damaged ones are as none. */
  #read(port: string): readonly Claim[] {
    return decodeClaims(readTextFile(`${this.#folder}/${port}`) ?? '');
  }

  #drop(ports: readonly string[], isDropped: (port: string, claim: Claim) => boolean): Promise<void> {
    return this.#inTurns(ports, (port) => {
      const claims = this.#read(port);
      const kept: Claim[] = [];
      for (const claim of claims) if (!isDropped(port, claim)) kept.push(claim);
      if (kept.length < claims.length || kept.length === 0) this.#write(port, kept);
      if (port === ports.at(-1)) this.#removeIfEmpty();
      return true;
    });
  }

  /** Under the lock: whoever waits for it takes that of the next folder. */
  #removeIfEmpty(): void {
    try {
      files().removeFolder(this.#folder);
    } catch (thrown) {
      if (!['ENOTEMPTY', 'EEXIST'].includes(thrownErrno(thrown) ?? '')) throw thrown;
    }
  }

  #lock(): Promise<FileLock> {
    return lockFolder(this.#folder, 0o700, PATIENCE_MS, 'the list of host ports');
  }

  #write(port: string, claims: readonly Claim[]): void {
    const path = `${this.#folder}/${port}`;
    if (claims.length === 0) removeFile(path);
    else writeFile(path, `${JSON.stringify(claims)}\n`);
  }

  /** Does something under the lock for each port, until it gives `false`; others have their turn now and then. */
  async #inTurns(ports: readonly string[], work: (port: string) => boolean): Promise<void> {
    for (let at = 0; at < ports.length; ) {
      if (at > 0) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      const lock = await this.#lock();
      try {
        const until = performance.now() + HOLD_MS;
        do {
          if (!work(ports[at] ?? '')) return;
          at += 1;
        } while (at < ports.length && performance.now() < until);
      } finally {
        lock.release();
      }
    }
  }
}

/** What is noted of a container says more than its rules. */
function withUnclaimed(claims: readonly Claim[], unclaimed: readonly Claim[] = []): readonly Claim[] {
  if (unclaimed.length === 0) return claims;
  const noted = new Set(claims.map(({ containerId }) => containerId));
  return [...claims, ...unclaimed.filter(({ containerId }) => !noted.has(containerId))];
}
