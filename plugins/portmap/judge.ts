import { namespaceCensus } from '../../pkg/record/census.ts';
import { isAlive } from '../../pkg/record/store.ts';
import { attachmentKey } from '../../pkg/types/attachment.ts';
import { AddressSet, type Claim, holderKey } from './claim.ts';

/** A claim and its port, `tcp-8080`. */
export interface ListedClaim {
  readonly port: string;
  readonly claim: Claim;
}

/** A port that a living container has already. */
export type Conflict = ListedClaim;

/** Tells apart owners that are in the way of a newcomer and owners that are none any more. */
export class PortJudge {
  readonly conflicts: Conflict[] = [];
  readonly #newcomer: Omit<Claim, 'hostIps'>;
  readonly #isInUse = namespaceCensus();
  /** Whether those that have been judged are gone. */
  readonly #verdicts = new Map<string, boolean>();
  readonly #pending = new Map<string, Claim>();
  readonly #evicted = new Map<string, Claim>();

  constructor(newcomer: Omit<Claim, 'hostIps'>) {
    this.#newcomer = newcomer;
  }

  /** Those that are gone, or that the newcomer is the successor of. */
  get evicted(): readonly Claim[] {
    return [...this.#evicted.values()];
  }

  /** Looks at a port's claims; `false` when nothing was noted because {@link decide} has to come first. */
  look(port: string, hostIps: readonly string[], claims: readonly Claim[]): boolean {
    const found: Claim[] = [];
    let wanted: AddressSet | undefined;
    for (const claim of claims) {
      // All interfaces of a container lead to the same place.
      if (claim.containerId === this.#newcomer.containerId) continue;
      wanted ??= new AddressSet(hostIps);
      if (!wanted.overlaps(claim.hostIps)) continue;
      found.push(claim);
      const key = holderKey(claim);
      if (!this.#verdicts.has(key)) this.#pending.set(key, claim);
    }
    if (this.#pending.size > 0) return false;
    for (const claim of found) {
      if (this.#verdicts.get(holderKey(claim)) === true) this.#evicted.set(attachmentKey(claim), claim);
      else this.conflicts.push({ port, claim });
    }
    return true;
  }

  /** Finds out who of those that were met is gone, which may take going through all processes: under no lock. */
  decide(): void {
    for (const [key, claim] of this.#pending) this.#verdicts.set(key, this.#isGone(claim));
    this.#pending.clear();
  }

  #isGone(claim: Claim): boolean {
    const { pod, netns } = this.#newcomer;
    if (pod !== undefined && claim.pod?.namespace === pod.namespace && claim.pod.name === pod.name) return true;
    // What was the other one's namespace is the newcomer's.
    if (claim.netns.dev === netns.dev && claim.netns.ino === netns.ino) return true;
    return isAlive(claim, this.#isInUse) === 'dead';
  }
}
