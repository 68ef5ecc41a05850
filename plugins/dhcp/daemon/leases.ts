import { acquire } from '../../../pkg/dhcp/acquire.ts';
import type { Client, Clock, Patience } from '../../../pkg/dhcp/client.ts';
import { type ContainerLink, doorOf, findLink, setLink } from '../../../pkg/dhcp/container-link.ts';
import { Aborted } from '../../../pkg/dhcp/exchange.ts';
import type { Lease } from '../../../pkg/dhcp/lease.ts';
import { maintain } from '../../../pkg/dhcp/maintain.ts';
import { addressText } from '../../../pkg/dhcp/options.ts';
import { wayOutOf } from '../../../pkg/dhcp/way-out.ts';
import { thrownText } from '../../../pkg/sys/errno.ts';
import { statusOf } from '../../../pkg/sys/files/files.ts';
import type { Attachment } from '../../../pkg/types/attachment.ts';
import { isMarked, readLeases, removeLease, tidyLeases, writeLease } from '../lease-files.ts';
import { begin, type Pending, wait } from './pending.ts';
import { giveHeldBack } from './release-fallback.ts';
import { fileOf, type Held, heldFrom, macBytes } from './stored.ts';
import type { Wanted } from './wanted.ts';

/** What the leases of a daemon have in common. */
export interface LeaseOptions {
  readonly socketPath: string;
  readonly hostPrefix: string;
  readonly broadcast: boolean;
  readonly patience: Patience;
  readonly clock: Clock;
  log(line: string): void;
}

/** A lease that is looked after. */
interface Kept {
  held: Held;
  readonly control: AbortController;
  /** Ends with its maintenance. */
  done: Promise<void>;
  /** Ends when it was given back: once, however many want that. */
  dropped?: Promise<void>;
}

/** All leases of one daemon. */
export class Leases {
  readonly #options: LeaseOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #pending = new Map<string, Pending>();

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /** How many there are. */
  get size(): number {
    return this.#kept.size;
  }

  /** Takes over what an earlier daemon has left; what nobody needs any more is given back. */
  async restore(): Promise<void> {
    const { socketPath } = this.#options;
    tidyLeases(socketPath);
    for (const file of readLeases(socketPath)) {
      const held = heldFrom(file);
      if (held === undefined) removeLease(socketPath, file);
      else this.#keep(held);
    }
  }

  /** The lease of an attachment, which is asked for when there is none. Never waits for a lease that is there. */
  async allocate(wanted: Wanted, signal: AbortSignal): Promise<Lease> {
    const id = idOf(wanted.key);
    // While one is looked at, another call may put another into its place.
    for (let kept = this.#kept.get(id); kept !== undefined; kept = this.#kept.get(id)) {
      const isStillFor = await this.#isStillFor(kept, wanted);
      if (kept !== this.#kept.get(id)) continue;
      if (isStillFor) return kept.held.lease;
      await this.#drop(id, kept);
    }
    const pending = this.#pending.get(id) ?? this.#begin(id, wanted);
    const lease = await wait(pending, signal);
    // It came in the moment in which the last one who wanted it went away.
    if (signal.aborted && pending.waiting === 0) await this.release(wanted.key);
    return lease;
  }

  /** The lease of an attachment; throws when there is none that its link still has. */
  async find(key: Attachment): Promise<Lease> {
    const kept = this.#kept.get(idOf(key));
    if (kept !== undefined && (await doorOf(kept.held.link).isThere())) return kept.held.lease;
    throw new Error(`${key.ifName} of ${key.containerId} has no lease: it has expired, or its link is another one`);
  }

  /** Gives an attachment's lease back. One that is not known is fine; what the server makes of it nobody can know. */
  async release(key: Attachment): Promise<void> {
    const id = idOf(key);
    const pending = this.#pending.get(id);
    pending?.control.abort();
    await pending?.outcome.catch(() => {});
    const kept = this.#kept.get(id);
    if (kept !== undefined) await this.#drop(id, kept);
  }

  /** Stops all work. Leases stay: whoever comes after this daemon takes them over. */
  async stop(): Promise<void> {
    const pending = [...this.#pending.values()];
    const kept = [...this.#kept.values()];
    for (const { control } of [...pending, ...kept]) control.abort();
    await Promise.allSettled([...pending.map(({ outcome }) => outcome), ...kept.map(({ done }) => done)]);
  }

  /** A lease stays unless its link is gone, or the container has been made anew under the same name. */
  async #isStillFor({ held: { link } }: Kept, { key, netns }: Wanted): Promise<boolean> {
    if (isMarked(this.#options.socketPath, key) || !(await doorOf(link).isThere())) return false;
    const now = statusOf(this.#path(netns));
    return now === undefined || (String(now.dev) === link.netns.dev && String(now.ino) === link.netns.ino);
  }

  #path(netns: string): string {
    return `${this.#options.hostPrefix}${netns}`;
  }

  #begin(id: string, wanted: Wanted): Pending {
    const pending = begin(
      (signal) => this.#acquire(wanted, signal),
      () => this.#pending.delete(id),
    );
    this.#pending.set(id, pending);
    return pending;
  }

  async #acquire({ key, id, netns, options }: Wanted, signal: AbortSignal): Promise<Lease> {
    const { clock, patience, log } = this.#options;
    const { link, hostLink, isUp } = await findLink(this.#path(netns), key.ifName);
    const client = this.#client(link, options);
    if (!isUp) await setLink(link, 'up');
    try {
      const lease = await acquire({ client, clock, patience, signal }, doorOf(link), (line) => log(`${id}: ${line}`));
      log(`${id}: ${addressText(lease.address)} is leased by ${addressText(lease.server)}`);
      this.#keep({ key, link, wayOut: wayOutOf(hostLink), options, lease });
      return lease;
    } catch (thrown) {
      if (!isUp) await this.#attempt(id, () => setLink(link, 'down'));
      throw thrown;
    }
  }

  #client(link: ContainerLink, options: Client['options']): Client {
    return { mac: macBytes(link.mac), options, broadcast: this.#options.broadcast };
  }

  #keep(held: Held): void {
    const id = idOf(held.key);
    const kept: Kept = { held, control: new AbortController(), done: Promise.resolve() };
    this.#kept.set(id, kept);
    this.#write(id, held);
    kept.done = this.#maintain(id, kept);
  }

  async #maintain(id: string, kept: Kept): Promise<void> {
    const { clock, patience, socketPath, log } = this.#options;
    const { link, key, options, lease } = kept.held;
    const { signal } = kept.control;
    const talk = { client: this.#client(link, options), clock, patience, signal };
    const keeper = {
      renewed: (renewed: Lease) => {
        kept.held = { ...kept.held, lease: renewed };
        this.#write(id, kept.held);
      },
      isWanted: () => !isMarked(socketPath, key),
      warn: (line: string) => log(`${id}: ${line}`),
    };
    // One that an earlier daemon has left may not be needed any more.
    const isNeeded = keeper.isWanted() && (await doorOf(link).isThere());
    const maintained = () => maintain(talk, doorOf(link), lease, keeper).catch((thrown) => this.#explain(id, thrown));
    const end = isNeeded ? await maintained() : 'unwanted';
    if (end === undefined || this.#kept.get(id) !== kept) return;
    if (end === 'unwanted') {
      await this.#drop(id, kept);
      return;
    }
    log(`${id}: ${addressText(kept.held.lease.address)} has expired, ${key.ifName} is set down`);
    await this.#attempt(id, () => setLink(link, 'down'));
    this.#forget(id, kept);
  }

  #explain(id: string, thrown: unknown): undefined {
    if (!(thrown instanceof Aborted)) this.#options.log(`${id}: ${thrownText(thrown)}`);
  }

  #drop(id: string, kept: Kept): Promise<void> {
    kept.dropped ??= this.#giveBack(id, kept);
    return kept.dropped;
  }

  async #giveBack(id: string, kept: Kept): Promise<void> {
    kept.control.abort();
    this.#kept.delete(id);
    const { lease, link, options } = kept.held;
    const { clock, log } = this.#options;
    try {
      await giveHeldBack(kept.held, this.#client(link, options), clock);
      log(`${id}: ${addressText(lease.address)} was given back`);
    } catch (thrown) {
      log(`${id}: failed to send DHCPRELEASE: ${thrownText(thrown)}`);
    }
    this.#forget(id, kept);
  }

  #write(id: string, held: Held): void {
    const { socketPath } = this.#options;
    // Nothing that a lease is needed for depends on the file before this daemon's end.
    void this.#attempt(id, () => writeLease(socketPath, fileOf(held)));
  }

  #forget(id: string, kept: Kept): void {
    if (this.#kept.get(id) === kept) this.#kept.delete(id);
    // By now the same attachment may have a lease again.
    if (!this.#kept.has(id)) void this.#attempt(id, () => removeLease(this.#options.socketPath, kept.held.key));
  }

  async #attempt(id: string, work: () => void | Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      this.#options.log(`${id}: ${thrownText(thrown)}`);
    }
  }
}

function idOf({ containerId, network, ifName }: Attachment): string {
  return `${containerId}/${network}/${ifName}`;
}
