import { LibcError } from '../../pkg/sys/libc.ts';
import { host } from '../host.ts';
import { startTimer, stopTimer, watch } from '../loop.ts';

// The part of node:net that the program uses: a server on a socket of this machine.

type Handler = (value?: unknown) => void;

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const NON_BLOCKING_CLOSE_ON_EXEC = 0o2004000;
const MSG_NOSIGNAL = 0x4000;
const EAGAIN = -11;
const BACKLOG = 511;
const RECEIVE_BYTES = 65_536;
const MAX_PATH_BYTES = 107;

/** Who wants to be told of what. */
class Emitter {
  readonly #handlers = new Map<string, Handler[]>();

  on(event: string, handler: Handler): this {
    this.#handlers.set(event, [...(this.#handlers.get(event) ?? []), handler]);
    return this;
  }

  once(event: string, handler: Handler): this {
    return this.on(event, handler);
  }

  off(event: string, handler: Handler): this {
    const left = (this.#handlers.get(event) ?? []).filter((known) => known !== handler);
    this.#handlers.set(event, left);
    return this;
  }

  protected tell(event: string, value?: unknown): void {
    for (const handler of this.#handlers.get(event) ?? []) handler(value);
  }
}

/** A connection. */
class Connection extends Emitter {
  destroyed = false;
  readonly #fd: number;
  readonly #stopReading: () => void;
  #stopWriting: (() => void) | undefined;
  #unsent: Uint8Array[] = [];
  #timer: ReturnType<typeof startTimer> | undefined;
  #silence: { readonly ms: number; readonly act: () => void } | undefined;

  constructor(fd: number) {
    super();
    this.#fd = fd;
    this.#stopReading = watch(fd, 'readable', () => this.#receive());
  }

  /** Has something done after each so long a silence. */
  setTimeout(ms: number, act: () => void): void {
    this.#silence = { ms, act };
    this.#wind();
  }

  write(bytes: Uint8Array | string): void {
    if (this.destroyed) return;
    this.#unsent.push(typeof bytes === 'string' ? host.encode(bytes) : bytes);
    this.#wind();
    this.#send();
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.#stopReading();
    this.#stopWriting?.();
    stopTimer(this.#timer);
    host.libc('close')(this.#fd);
    this.tell('close');
  }

  #wind(): void {
    const silence = this.#silence;
    if (silence === undefined) return;
    stopTimer(this.#timer);
    this.#timer = startTimer(() => {
      this.#wind();
      silence.act();
    }, silence.ms);
  }

  #receive(): void {
    const buffer = new Uint8Array(RECEIVE_BYTES);
    const length = host.libc('recv')(this.#fd, buffer, buffer.length, 0);
    if (length === EAGAIN) return;
    this.#wind();
    if (length > 0) this.tell('data', buffer.slice(0, length));
    else if (length === 0) this.tell('end');
    else this.tell('error', new LibcError('recv', -length));
  }

  #send(): void {
    for (let next = this.#unsent[0]; next !== undefined; next = this.#unsent[0]) {
      const sent = host.libc('send')(this.#fd, next, next.length, MSG_NOSIGNAL);
      if (sent === EAGAIN) {
        this.#stopWriting ??= watch(this.#fd, 'writable', () => this.#send());
        return;
      }
      if (sent < 0) {
        this.tell('error', new LibcError('send', -sent));
        return;
      }
      if (sent < next.length) this.#unsent[0] = next.subarray(sent);
      else this.#unsent.shift();
    }
    this.#stopWriting?.();
    this.#stopWriting = undefined;
  }
}

/** Who listens. */
class Server extends Emitter {
  readonly #serve: (socket: Connection) => void;
  #fd = -1;
  #stop: (() => void) | undefined;

  constructor(serve: (socket: Connection) => void) {
    super();
    this.#serve = serve;
  }

  listen(where: { readonly path?: string; readonly fd?: number }, listening: () => void): void {
    const result = where.path === undefined ? (where.fd ?? -1) : openAt(where.path);
    const problem = result < 0 ? result : host.libc('listen')(result, BACKLOG);
    if (problem < 0) {
      const text = `listen: ${new LibcError('bind', -problem).message}`;
      this.tell('error', Object.assign(new Error(text), { code: new LibcError('bind', -problem).code }));
      return;
    }
    this.#fd = result;
    this.#stop = watch(result, 'readable', () => this.#accept());
    listening();
  }

  close(): void {
    this.#stop?.();
    if (this.#fd >= 0) host.libc('close')(this.#fd);
    this.#fd = -1;
  }

  #accept(): void {
    const fd = host.libc('accept4')(this.#fd, null, null, NON_BLOCKING_CLOSE_ON_EXEC);
    // Whoever has gone again meanwhile is not missed.
    if (fd >= 0) this.#serve(new Connection(fd));
  }
}

function openAt(path: string): number {
  const text = host.encode(path);
  if (text.length > MAX_PATH_BYTES) return -36;
  const fd = host.libc('socket')(AF_UNIX, SOCK_STREAM | NON_BLOCKING_CLOSE_ON_EXEC, 0);
  if (fd < 0) return fd;
  const address = new Uint8Array(2 + text.length + 1);
  address[0] = AF_UNIX;
  address.set(text, 2);
  const result = host.libc('bind')(fd, address, address.length);
  if (result === 0) return fd;
  host.libc('close')(fd);
  return result;
}

/** `net.createServer`. */
export function createServer(serve: (socket: Connection) => void): Server {
  return new Server(serve);
}
