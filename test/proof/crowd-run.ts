import { setTimeout } from 'node:timers/promises';
import { ChainError, Runtime } from '../netns/harness/libcni.ts';
import type { Conflist } from '../netns/harness/libcni-conf.ts';
import type { Place } from '../netns/harness/place.ts';
import { type Claim, CrowdModel } from './crowd-model.ts';
import { CAPACITIES, type CrowdNode, LISTS, peaksNow, type Slot } from './crowd-node.ts';
import type { Choices } from './crowd-random.ts';

/** Fewer ports than containers that want one. */
const PORTS = { first: 30_000, count: 40 } as const;
/** More of it would only say the same again. */
const ENOUGH_WRONG = 20;
/** Of a slot's names so many more are known to a GC as can be used until it ends. */
const NAMES_AHEAD = 20;

/** A slot and what is attached in it. */
interface Seat {
  readonly slot: Slot;
  generation: number;
  claim: Claim | undefined;
  isBusy: boolean;
}

/** How long a crowd lasts: both have to be over. */
export interface Length {
  readonly milliseconds: number;
  readonly outcomes: number;
}

/** Who is asked for a container, and from where. */
interface Question {
  readonly from: Place | 'outside' | 'node';
  readonly where: string | number;
}

/** Many containers that come and go at once, with a model of what should exist. */
export class Crowd {
  readonly model = new CrowdModel(CAPACITIES);
  /** What was not as it has to be. */
  readonly wrong: string[] = [];
  /** The most memory that a plugin had, in KiB: of each moment that was looked at. */
  readonly peaks: number[] = [];
  readonly #node: CrowdNode;
  readonly #runtime: Runtime;
  readonly #seats: readonly Seat[];
  #isOver = false;

  constructor(node: CrowdNode, slots: readonly Slot[]) {
    this.#node = node;
    this.#runtime = new Runtime(node.host);
    this.#seats = slots.map((slot) => ({ slot, generation: 0, claim: undefined, isBusy: false }));
  }

  /** Works for some time; each worker has choices of its own. */
  async run(workers: readonly Choices[], probers: readonly Choices[], length: Length): Promise<void> {
    const running = [
      ...workers.map((choices) => this.#repeat(() => this.#doSomething(choices))),
      ...probers.map((choices) => this.#repeat(() => this.#probe(choices))),
      this.#repeat(async () => {
        this.peaks.push(...peaksNow());
        await setTimeout(100);
      }),
    ];
    const deadline = performance.now() + length.milliseconds;
    const outcomes = (): number => Object.values(this.model.tally).reduce((sum, count) => sum + count, 0);
    const isShort = (): boolean => performance.now() < deadline || outcomes() < length.outcomes;
    while (isShort() && this.wrong.length < ENOUGH_WRONG) await setTimeout(50);
    this.#isOver = true;
    await Promise.all(running);
  }

  /** Each network once, one after the other. */
  async warmUp(): Promise<void> {
    for (const [index, seat] of this.#seats.entries()) {
      await this.#attach(seat, LISTS[index] ?? LISTS[0], [PORTS.first + index]);
    }
  }

  /** Asks all that live all that there is to ask, takes everything down, and kills all. */
  async end(): Promise<void> {
    for (const [index, seat] of this.#seats.entries()) {
      const other = [...this.#seats.slice(index + 1), ...this.#seats].find(({ claim }) => claim?.state === 'live');
      if (seat.claim?.state !== 'live' || other === undefined) continue;
      const { claim } = seat;
      await Promise.all(questionsAbout(claim, other).map((question) => this.#ask(claim, seat, question)));
    }
    const living = this.#seats.map(async (seat) => {
      if (seat.claim?.state === 'live') await this.#takeDown(seat, seat.claim);
    });
    await Promise.all(living);
    for (const list of LISTS) await this.#gc(list);
    await Promise.all(this.#seats.map(({ slot }) => this.#node.kill(slot)));
  }

  async #repeat(work: () => Promise<void>): Promise<void> {
    while (!this.#isOver) {
      try {
        await work();
      } catch (thrown) {
        this.wrong.push(String(thrown));
        return;
      }
    }
  }

  async #doSomething(choices: Choices): Promise<void> {
    if (choices.happens(0.03)) return this.#gc(choices.among(LISTS));
    const seat = this.#seatFor(choices, () => true);
    if (seat === undefined) return void (await setTimeout(5));
    try {
      const { claim } = seat;
      if (claim === undefined) await this.#add(seat, choices);
      else if (choices.happens(0.35)) await this.#check(claim, seat);
      else await this.#remove(seat, claim, choices);
    } finally {
      seat.isBusy = false;
    }
  }

  async #add(seat: Seat, choices: Choices): Promise<void> {
    const ports = new Set(Array.from({ length: choices.below(3) }, () => PORTS.first + choices.below(PORTS.count)));
    await this.#attach(seat, choices.among(LISTS), [...ports]);
  }

  async #attach(seat: Seat, list: Conflist, hostPorts: readonly number[]): Promise<void> {
    seat.generation += 1;
    const claim = this.model.begin(idOf(seat.slot, seat.generation), list, hostPorts);
    seat.claim = claim;
    try {
      const result = await this.#runtime.add(claim.list, attachmentOf(seat, claim));
      const addresses = (result?.ips ?? []).map(({ address }) => address.replace(/\/.*/, ''));
      this.wrong.push(...this.model.succeed(claim, addresses));
      this.model.count('ADD');
    } catch (thrown) {
      if (!(thrown instanceof ChainError)) throw thrown;
      const msg = thrown.outcome.error?.msg ?? thrown.message;
      this.wrong.push(...this.model.refuse(claim, { plugin: thrown.plugin, msg }));
      await this.#takeDown(seat, claim);
    }
  }

  async #check(claim: Claim, seat: Seat): Promise<void> {
    await this.#runtime.check(claim.list, attachmentOf(seat, claim)).catch((thrown) => this.wrong.push(String(thrown)));
    this.model.count('CHECK');
  }

  /** Takes a container down as runtimes do it, or does not and lets it die. */
  async #remove(seat: Seat, claim: Claim, choices: Choices): Promise<void> {
    const way = choices.below(10);
    const isKilled = way < 5;
    if (isKilled) {
      claim.state = 'going';
      await this.#node.kill(seat.slot);
    }
    if (way < 2) {
      claim.state = 'lost';
      seat.claim = undefined;
      this.model.count('died without DEL');
    } else await this.#takeDown(seat, claim, isKilled ? { netns: '' } : {}, way % 2 === 0);
    if (isKilled) await this.#node.renew(seat.slot);
  }

  /** DEL, and once more without anything, as containerd does. */
  async #takeDown(seat: Seat, claim: Claim, how: { readonly netns?: '' } = {}, knowsResult = true): Promise<void> {
    claim.state = 'going';
    const attachment = attachmentOf(seat, claim);
    const options = { ...how, ...(knowsResult ? {} : { prevResult: false as const }) };
    try {
      await this.#runtime.del(claim.list, attachment, options);
      await this.#runtime.del(claim.list, attachment, { netns: '', prevResult: false });
      this.model.count('DEL');
    } catch (thrown) {
      this.wrong.push(String(thrown));
    }
    this.model.end(claim);
    seat.claim = undefined;
  }

  /** Those that were lost before are gone after it; whoever may come meanwhile is among the valid. */
  async #gc(list: Conflist): Promise<void> {
    const lost = [...this.model.claims].filter((claim) => claim.state === 'lost' && claim.list.name === list.name);
    const isLost = new Set(lost.map(({ containerId }) => containerId));
    const known = this.#seats.flatMap(({ slot, generation }) =>
      // The present one is among the claims as long as it is anybody's.
      Array.from({ length: NAMES_AHEAD }, (_, ahead) => ({ containerId: idOf(slot, generation + 1 + ahead) })),
    );
    const valid = [...known, ...this.model.claims].filter(({ containerId }) => !isLost.has(containerId));
    const attachments = valid.map(({ containerId }) => ({ containerId, ifName: 'eth0' }));
    // One that remembers nothing: what it remembers it would delete by itself.
    await new Runtime(this.#node.host).gc(list, attachments).catch((thrown) => this.wrong.push(String(thrown)));
    this.model.count('GC');
    for (const claim of lost) this.model.end(claim);
  }

  /** A living container is reached by everybody, and its ports lead to it: one question of all that there are. */
  async #probe(choices: Choices): Promise<void> {
    const isLive = ({ claim }: Seat): boolean => claim?.state === 'live';
    const [seat, other] = [this.#seatFor(choices, isLive), this.#seatFor(choices, isLive)];
    try {
      if (seat?.claim === undefined || other === undefined) return void (await setTimeout(5));
      const questions = questionsAbout(seat.claim, other);
      await this.#ask(seat.claim, seat, questions[choices.below(questions.length)]);
    } finally {
      for (const one of [seat, other]) if (one !== undefined) one.isBusy = false;
    }
  }

  async #ask(claim: Claim, { slot }: Seat, question: Question | undefined): Promise<void> {
    if (question === undefined) return;
    const { from, where } = question;
    const answer = await this.#node.answerTo(from, where);
    const who = typeof from === 'string' ? from : from.name;
    if (answer !== slot.name) {
      this.wrong.push(`${who} asks ${claim.containerId} (${slot.name}) at ${where}, and ${answer} answers`);
    }
    this.model.count(typeof where === 'number' ? 'port answered' : 'address answered');
  }

  /** A seat that nobody else works at; it is this one's until it says otherwise. */
  #seatFor(choices: Choices, suits: (seat: Seat) => boolean): Seat | undefined {
    for (let tries = 0; tries < 20; tries++) {
      const seat = this.#seats[choices.below(this.#seats.length)];
      if (seat === undefined || seat.isBusy || !suits(seat)) continue;
      seat.isBusy = true;
      return seat;
    }
    return undefined;
  }
}

function idOf({ number }: Slot, generation: number): string {
  return `pod-${number}-${generation}`;
}

function attachmentOf({ slot }: Seat, { containerId, hostPorts }: Claim) {
  const portMappings = hostPorts.map((hostPort) => ({ hostPort, containerPort: 80, protocol: 'tcp' }));
  return { containerId, netns: slot.pod.path, ifName: 'eth0', capabilities: { portMappings } };
}

/** A container at all its addresses and ports, from the node, from outside and from another container. */
function questionsAbout({ addresses, hostPorts }: Claim, { slot: { pod } }: Seat): readonly Question[] {
  return [
    ...addresses.map((where) => ({ from: pod, where })),
    ...addresses.slice(0, 1).map((where) => ({ from: 'node' as const, where })),
    ...hostPorts.flatMap((where) => [
      { from: 'outside' as const, where },
      { from: 'node' as const, where },
      { from: pod, where },
    ]),
  ];
}
