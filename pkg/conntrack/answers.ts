import type { Message } from '../rtnl/message.ts';
import type { RtnlSocket } from '../rtnl/socket.ts';
import { dumpRequest, readFlow, type TrackedFlow, type Wanted, wholeDumpRequest } from './message.ts';

/** Each question makes the kernel go through its whole table, however empty: as long as reading so many flows takes. */
const FLOWS_PER_QUESTION = 1000;

/** What the kernel says of its flows, asked as seldom as it can be. */
export class Answers {
  readonly #socket: Pick<RtnlSocket, 'exchange'>;
  readonly #known = new Map<string, readonly Message[]>();
  #everything: readonly Message[] | undefined;

  /** `count` is how many flows there are, where that is known. */
  constructor(socket: Pick<RtnlSocket, 'exchange'>, wanted: readonly Wanted[], count = Number.POSITIVE_INFINITY) {
    this.#socket = socket;
    const questions = new Set(wanted.map(({ family, protocol, hostPort }) => `${family} ${protocol} ${hostPort}`)).size;
    if (count < FLOWS_PER_QUESTION * (questions - 1)) this.#everything = socket.exchange(wholeDumpRequest());
  }

  /** The flows of a protocol to a port. */
  flowsTo(wanted: Wanted): readonly TrackedFlow[] {
    const { family, protocol, hostPort } = wanted;
    const [all, some] = [`${family} ${protocol}`, `${family} ${protocol} ${hostPort}`];
    const known = this.#everything ?? this.#known.get(all) ?? this.#known.get(some);
    const messages = known ?? this.#socket.exchange(dumpRequest(wanted));
    const flows: TrackedFlow[] = [];
    for (const message of messages) {
      const flow = readFlow(message, wanted);
      if (flow !== undefined) flows.push(flow);
    }
    // A kernel that gave more than it was asked for gave everything, and that answers the other questions too.
    if (known === undefined) this.#known.set(flows.length < messages.length ? all : some, messages);
    return flows;
  }
}
