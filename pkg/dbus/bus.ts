import { connectTo, type Stream } from '../sys/socket/stream.ts';
import { decodeReply, encodeCall, type MethodCall, messageLength, type Reply } from './message.ts';

/** An error that a service answered with. */
export class BusError extends Error {
  /** As D-Bus names it: `org.fedoraproject.FirewallD1.Exception`. */
  readonly errorName: string;

  constructor(errorName: string, message: string) {
    super(message === '' ? errorName : message);
    this.errorName = errorName;
  }
}

const BUS = { destination: 'org.freedesktop.DBus', path: '/org/freedesktop/DBus', interface: 'org.freedesktop.DBus' };

/** Where the system's bus listens; `undefined` for an address that is no socket of this machine. */
export function systemBusPath(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const address = environment['DBUS_SYSTEM_BUS_ADDRESS'] || 'unix:path=/var/run/dbus/system_bus_socket';
  for (const one of address.split(';')) {
    if (!one.startsWith('unix:')) continue;
    for (const pair of one.slice('unix:'.length).split(',')) {
      if (pair.startsWith('path=')) return decodeURIComponent(pair.slice('path='.length));
    }
  }
  return undefined;
}

/** A connection to a message bus. One call at a time. */
export class Bus {
  readonly #stream: Stream;
  #serial = 0;
  #unread: Uint8Array = new Uint8Array(0);

  private constructor(stream: Stream) {
    this.#stream = stream;
  }

  /** Connects and introduces itself; rejects when nobody listens or answers. */
  static async connect(path: string, timeoutMs: number): Promise<Bus> {
    const bus = new Bus(await connectTo(path, timeoutMs));
    try {
      await bus.#authenticate();
      await bus.call({ ...BUS, member: 'Hello', args: [] });
      return bus;
    } catch (thrown) {
      bus.close();
      throw thrown;
    }
  }

  /** Whether somebody offers a name; nothing is started for the question. */
  async hasOwner(name: string): Promise<boolean> {
    return (await this.call({ ...BUS, member: 'NameHasOwner', args: [name] })) === true;
  }

  /**
   * Calls a method and gives the first value that it returned.
   *
   * @throws {BusError} when the service answers with an error
   */
  async call(call: MethodCall): Promise<Reply['value']> {
    this.#serial += 1;
    const serial = this.#serial;
    this.#stream.send(encodeCall(call, serial));
    for (;;) {
      const reply = decodeReply(await this.#message());
      if (reply?.serial !== serial) continue;
      if (reply.error !== undefined) throw new BusError(reply.error, String(reply.value ?? ''));
      return reply.value;
    }
  }

  /** Lets go of it. */
  close(): void {
    this.#stream.close();
  }

  /** By the user that the kernel says this process is. */
  async #authenticate(): Promise<void> {
    const user = Buffer.from(String(process.getuid?.() ?? 0)).toString('hex');
    this.#stream.send(new TextEncoder().encode(`\0AUTH EXTERNAL ${user}\r\n`));
    let answer = '';
    while (!answer.endsWith('\r\n')) answer += new TextDecoder().decode(await this.#stream.receive());
    if (!answer.startsWith('OK ')) throw new Error(`the message bus refused this user: ${answer.trim()}`);
    this.#stream.send(new TextEncoder().encode('BEGIN\r\n'));
  }

  async #message(): Promise<Uint8Array> {
    for (;;) {
      const length = messageLength(this.#unread);
      if (length !== undefined && this.#unread.length >= length) {
        const message = this.#unread.slice(0, length);
        this.#unread = this.#unread.slice(length);
        return message;
      }
      const more = await this.#stream.receive();
      const joined = new Uint8Array(this.#unread.length + more.length);
      joined.set(this.#unread);
      joined.set(more, this.#unread.length);
      this.#unread = joined;
    }
  }
}
