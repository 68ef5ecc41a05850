import { namespaceCensus } from '../../pkg/record/census.ts';
import type { AttachmentRecord } from '../../pkg/record/record.ts';
import { isAlive } from '../../pkg/record/store.ts';
import { type FileLock, lockFolder } from '../../pkg/sys/file-lock.ts';
import { files, readTextFile, removeFile, statusOf, writeFile } from '../../pkg/sys/files.ts';
import { addressesOfPorts, type Claim, decodeClaims, type Owner, overlap, without } from './claim.ts';
import type { PortMapping } from './mapping.ts';

/** A port that a living container has already. */
export type Conflict = ListedClaim;

/** A claim and its port, `tcp-8080`. */
export interface ListedClaim {
  readonly port: string;
  readonly claim: Claim;
}

/** What became of an attempt to take ports. */
export interface Taking {
  /** Owners that are gone for certain, or that the new one is the successor of. */
  readonly evicted: readonly Claim[];
  /** When there are any and they count, nothing was noted. */
  readonly conflicts: readonly Conflict[];
}

/** How long others may hold the folder: each has it for less than a millisecond. */
const PATIENCE_MS = 10_000;

/**
 * Who has which port of this host: a small file for each port, so that nobody has to look at all containers.
 *
 * The folder is in that of the records, under a name that no container's can be.
 */
export class PortClaims {
  readonly #folder: string;

  constructor(recordFolder: string) {
    this.#folder = `${recordFolder}/.ports`;
  }

  /** Notes that an attachment has the ports of these mappings, unless a living container has one. */
  async take(
    record: Pick<AttachmentRecord, 'containerId' | 'ifName' | 'network' | 'bootId' | 'netns' | 'pod'>,
    mappings: readonly PortMapping[],
    allowsConflicts: boolean,
  ): Promise<Taking> {
    const { containerId, ifName, network, bootId, netns, pod } = record;
    const owner = { containerId, ifName, network, bootId, netns, ...(pod === undefined ? {} : { pod }) };
    const judge = new Judge(owner);
    const wanted = addressesOfPorts(mappings);
    return this.#locked(() => {
      const claims = new Map<string, readonly Claim[]>();
      for (const [port, hostIps] of wanted) {
        const others = without(this.#read(port), owner);
        claims.set(port, [...others, { ...owner, hostIps }]);
        judge.look(port, hostIps, others);
      }
      const { evicted, conflicts } = judge;
      if (conflicts.length === 0 || allowsConflicts) {
        for (const [port, list] of claims) this.#write(port, list);
      }
      return { evicted, conflicts };
    });
  }

  /** What {@link take} would find; nothing is noted. */
  preview(owner: Omit<Claim, 'hostIps'>, mappings: readonly PortMapping[]): Taking {
    const judge = new Judge(owner);
    for (const [port, hostIps] of addressesOfPorts(mappings)) {
      judge.look(port, hostIps, without(this.#read(port), owner));
    }
    return judge;
  }

  /** Notes that an attachment has none of these ports any more. */
  async release(owner: Owner, mappings: readonly PortMapping[]): Promise<void> {
    if (mappings.length === 0 || statusOf(this.#folder) === undefined) return;
    await this.#locked(() => {
      for (const port of addressesOfPorts(mappings).keys()) this.#remove(port, owner);
    });
  }

  /** Removes all claims for which this holds, and what a crash has left; gives the owners. */
  async sweep(isStale: (claim: Claim) => boolean): Promise<readonly Claim[]> {
    const stale: Claim[] = [];
    if (statusOf(this.#folder) === undefined) return stale;
    await this.#locked(() => {
      for (const { name } of files().list(this.#folder)) {
        const claims = this.#read(name);
        const kept = claims.filter((claim) => !isStale(claim));
        stale.push(...claims.filter(isStale));
        if (kept.length < claims.length || kept.length === 0) this.#write(name, kept);
      }
    });
    return stale;
  }

  /** All claims. */
  all(): readonly Claim[] {
    return this.listed().map(({ claim }) => claim);
  }

  /** All claims with their ports. */
  listed(): readonly ListedClaim[] {
    if (statusOf(this.#folder) === undefined) return [];
    return files()
      .list(this.#folder)
      .flatMap(({ name }) => this.#read(name).map((claim) => ({ port: name, claim })));
  }

  /** The claims on a port; damaged ones are as none. */
  #read(port: string): readonly Claim[] {
    return decodeClaims(readTextFile(`${this.#folder}/${port}`) ?? '');
  }

  #remove(port: string, owner: Owner): void {
    const claims = this.#read(port);
    const kept = without(claims, owner);
    if (kept.length < claims.length || kept.length === 0) this.#write(port, kept);
  }

  #write(port: string, claims: readonly Claim[]): void {
    const path = `${this.#folder}/${port}`;
    if (claims.length === 0) removeFile(path);
    else writeFile(path, `${JSON.stringify(claims)}\n`);
  }

  async #locked<T>(work: () => T): Promise<T> {
    const lock: FileLock = await lockFolder(this.#folder, 0o700, PATIENCE_MS, 'the list of host ports');
    try {
      return work();
    } finally {
      lock.release();
    }
  }
}

/** Tells apart owners that are in the way and owners that are none any more. */
class Judge {
  readonly evicted: Claim[] = [];
  readonly conflicts: Conflict[] = [];
  readonly #newcomer: Omit<Claim, 'hostIps'>;
  readonly #isInUse = namespaceCensus();

  constructor(newcomer: Omit<Claim, 'hostIps'>) {
    this.#newcomer = newcomer;
  }

  look(port: string, hostIps: readonly string[], claims: readonly Claim[]): void {
    for (const claim of claims) {
      // All interfaces of a container lead to the same place.
      if (claim.containerId === this.#newcomer.containerId || !overlap(hostIps, claim.hostIps)) continue;
      if (!this.#isGone(claim)) this.conflicts.push({ port, claim });
      else if (without(this.evicted, claim).length === this.evicted.length) this.evicted.push(claim);
    }
  }

  #isGone(claim: Claim): boolean {
    const { pod, netns } = this.#newcomer;
    if (pod !== undefined && claim.pod?.namespace === pod.namespace && claim.pod.name === pod.name) return true;
    // What was the other one's namespace is the newcomer's.
    if (claim.netns.dev === netns.dev && claim.netns.ino === netns.ino) return true;
    return isAlive(claim, this.#isInUse) === 'dead';
  }
}
