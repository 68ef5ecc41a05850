import type { Message } from '../rtnl/message.ts';
import type { RtnlSocket } from '../rtnl/socket.ts';
import { dumpRequest, readFlow, type TrackedFlow, type Wanted, wholeDumpRequest } from './message.ts';

/** Each question makes the kernel go through its whole table, however empty: as long as reading so many flows takes. */
const FLOWS_PER_QUESTION = 1000;
/** How many flows there are taken to be where nobody says. */
const LIKELY_FLOWS = 65_536;

/** Flows by the port that they were sent to. */
type FlowsByPort = ReadonlyMap<number, readonly TrackedFlow[]>;

/** What the kernel says of its flows, asked as seldom as it can be; each flow is read once, however many ports there are. */
export class Answers {
  readonly #socket: Pick<RtnlSocket, 'exchange'>;
  /** The ports that are asked for, of each family and protocol. */
  readonly #ports = new Map<string, Set<number>>();
  /** All flows of a family and protocol. */
  readonly #known = new Map<string, FlowsByPort>();
  /** Those to one port. */
  readonly #asked = new Map<string, readonly TrackedFlow[]>();
  #everything: readonly Message[] | undefined;

  /** `count` is how many flows there are, where that is known. */
  constructor(socket: Pick<RtnlSocket, 'exchange'>, wanted: readonly Wanted[], count = LIKELY_FLOWS) {
    this.#socket = socket;
    for (const one of wanted) {
      const ports = this.#ports.get(groupOf(one)) ?? new Set();
      this.#ports.set(groupOf(one), ports.add(one.hostPort));
    }
    let questions = 0;
    for (const ports of this.#ports.values()) questions += ports.size;
    if (count < FLOWS_PER_QUESTION * (questions - 1)) this.#everything = socket.exchange(wholeDumpRequest());
  }

  /** The flows of a protocol to a port. */
  flowsTo(wanted: Wanted): readonly TrackedFlow[] {
    const group = groupOf(wanted);
    const known = this.#known.get(group);
    if (known !== undefined) return known.get(wanted.hostPort) ?? [];
    if (this.#everything !== undefined) {
      const all = this.#read(this.#everything, wanted);
      this.#known.set(group, all);
      return all.get(wanted.hostPort) ?? [];
    }
    const question = `${group} ${wanted.hostPort}`;
    const answered = this.#asked.get(question);
    if (answered !== undefined) return answered;
    const messages = this.#socket.exchange(dumpRequest(wanted));
    const found = this.#read(messages, wanted);
    const flows = found.get(wanted.hostPort) ?? [];
    this.#asked.set(question, flows);
    // A kernel that gave more than it was asked for gave everything, and that answers the other questions too.
    if (flows.length < messages.length) this.#known.set(group, found);
    return flows;
  }

  #read(messages: readonly Message[], wanted: Wanted): FlowsByPort {
    const ports = this.#ports.get(groupOf(wanted));
    const flows = new Map<number, TrackedFlow[]>();
    for (const message of messages) {
      const flow = readFlow(message, wanted, (port) => ports?.has(port) === true);
      if (flow === undefined) continue;
      const known = flows.get(flow.port);
      if (known === undefined) flows.set(flow.port, [flow]);
      else known.push(flow);
    }
    return flows;
  }
}

function groupOf({ family, protocol }: Wanted): string {
  return `${family} ${protocol}`;
}
