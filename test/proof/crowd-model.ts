import type { Conflist } from '../netns/harness/libcni-conf.ts';

/** What is known of one attachment from outside, while it comes, lives and goes. */
export interface Claim {
  readonly containerId: string;
  readonly list: Conflist;
  readonly hostPorts: readonly number[];
  /** `live` from the end of a successful ADD to the start of DEL; `lost`: its container died, and nobody says DEL. */
  state: 'coming' | 'live' | 'going' | 'lost';
  addresses: readonly string[];
  /** While it comes: the most that others could hold of its network's addresses at one time. */
  mostOthers: number;
  /** While it comes: who could have one of its ports at some time. */
  readonly rivals: Set<string>;
}

/** A refusal as a plugin words it. */
export interface Refusal {
  readonly plugin: string;
  readonly msg: string;
}

/**
 * What should exist beside what does: who may hold which address and port, from before the first call for it until
 * after the last. It knows nothing of how plugins work, only what a refusal has to be true about.
 */
export class CrowdModel {
  /** How often each outcome was seen. */
  readonly tally: Record<string, number> = {};
  readonly #claims = new Set<Claim>();
  readonly #capacities: ReadonlyMap<string, number>;

  /** How many addresses there are in each network, by its name. */
  constructor(capacities: ReadonlyMap<string, number>) {
    this.#capacities = capacities;
  }

  get claims(): ReadonlySet<Claim> {
    return this.#claims;
  }

  count(what: string): void {
    this.tally[what] = (this.tally[what] ?? 0) + 1;
  }

  /** An ADD begins. */
  begin(containerId: string, list: Conflist, hostPorts: readonly number[]): Claim {
    const claim: Claim = {
      containerId,
      list,
      hostPorts,
      state: 'coming',
      addresses: [],
      mostOthers: this.#heldIn(list.name),
      rivals: new Set(),
    };
    for (const other of this.#claims) {
      if (isRival(claim, other)) {
        claim.rivals.add(other.containerId);
        other.rivals.add(containerId);
      }
      if (other.state === 'coming' && other.list.name === list.name) {
        // This one, and all that are there without the other itself.
        other.mostOthers = Math.max(other.mostOthers, this.#heldIn(list.name));
      }
    }
    this.#claims.add(claim);
    return claim;
  }

  /** An ADD has succeeded; gives what is wrong with that. */
  succeed(claim: Claim, addresses: readonly string[]): readonly string[] {
    claim.addresses = addresses;
    claim.state = 'live';
    const wrong: string[] = addresses.length === 0 ? [`${claim.containerId} has no address`] : [];
    for (const other of this.#claims) {
      if (other === claim || other.state !== 'live') continue;
      const shared = other.addresses.filter((address) => addresses.includes(address));
      if (shared.length > 0) wrong.push(`${claim.containerId} and ${other.containerId} both have ${shared}`);
      const ports = other.hostPorts.filter((port) => claim.hostPorts.includes(port));
      if (ports.length > 0) wrong.push(`${claim.containerId} and ${other.containerId} both have port ${ports}`);
    }
    return wrong;
  }

  /** An ADD was refused; gives what is wrong with that. DEL has to follow. */
  refuse(claim: Claim, { plugin, msg }: Refusal): readonly string[] {
    claim.state = 'going';
    const said = `${claim.containerId}: ${plugin}: ${msg}`;
    if (msg.includes('no IP addresses available in range set')) {
      this.count('refused: no address');
      const capacity = this.#capacities.get(claim.list.name) ?? 0;
      return claim.mostOthers >= capacity ? [] : [`${said}; but only ${claim.mostOthers} of ${capacity} can be taken`];
    }
    const [, port, owner = ''] = /^host port (\d+)\/tcp is already mapped to container (\S+)$/.exec(msg) ?? [];
    if (port === undefined) return [said];
    this.count('refused: port taken');
    return claim.hostPorts.includes(Number(port)) && claim.rivals.has(owner) ? [] : [`${said}; but it cannot have it`];
  }

  /** Nothing of it is there any more. */
  end(claim: Claim): void {
    this.#claims.delete(claim);
  }

  #heldIn(network: string): number {
    return [...this.#claims].filter(({ list }) => list.name === network).length;
  }
}

function isRival(one: Claim, other: Claim): boolean {
  return one.hostPorts.some((port) => other.hostPorts.includes(port));
}
