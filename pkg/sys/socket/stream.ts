import { bindFunctions, LibcError } from '../libc.ts';

/** A connected socket of this machine. */
export interface Stream {
  send(bytes: Uint8Array): void;
  /** The next bytes that come; rejects when there are none any more, or not in time. */
  receive(): Promise<Uint8Array>;
  close(): void;
}

const AF_UNIX = 1;
const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SO_SNDTIMEO = 21;
const RECEIVE_BYTES = 4096;
/** What the kernel's structure has room for, the closing zero included. */
const MAX_PATH_BYTES = 108;

/** Connects to a socket by its path; nothing takes longer than `timeoutMs` then. */
export async function connectTo(path: string, timeoutMs: number): Promise<Stream> {
  return typeof Native === 'undefined' ? connectWithNode(path, timeoutMs) : nativeConnect(path, timeoutMs);
}

/** Through libc, since nothing else is to be done while the other side answers. */
function nativeConnect(path: string, timeoutMs: number): Stream {
  const { symbols, checked } = bindFunctions('socket', 'setsockopt', 'connect', 'send', 'recv', 'close');
  const address = addressOf(path);
  const fd = checked('socket', symbols.socket(AF_UNIX, SOCK_STREAM_CLOEXEC, 0));
  const close = (): void => void symbols.close(fd);
  try {
    const patience = new BigInt64Array([BigInt(Math.floor(timeoutMs / 1000)), BigInt((timeoutMs % 1000) * 1000)]);
    for (const option of [SO_RCVTIMEO, SO_SNDTIMEO]) {
      checked('setsockopt', symbols.setsockopt(fd, SOL_SOCKET, option, patience, 16));
    }
    checked(`connect ${path}`, symbols.connect(fd, address, address.length));
  } catch (thrown) {
    close();
    throw thrown;
  }
  return {
    send(bytes) {
      for (let sent = 0; sent < bytes.length; ) {
        const rest = bytes.subarray(sent);
        sent += checked('send', symbols.send(fd, rest, rest.length, 0));
      }
    },
    async receive() {
      const buffer = new Uint8Array(RECEIVE_BYTES);
      const length = checked('recv', symbols.recv(fd, buffer, buffer.length, 0));
      if (length === 0) throw new Error(`${path} was closed by the other side`);
      return buffer.subarray(0, length);
    },
    close,
  };
}

/** A family in two bytes, then the path and a zero. */
function addressOf(path: string): Uint8Array {
  if (path.includes('\0')) throw new LibcError('a path with a NUL', 22);
  const text = new TextEncoder().encode(`${path}\0`);
  if (text.length > MAX_PATH_BYTES) throw new Error(`${path} is too long for a socket's path`);
  const address = new Uint8Array(2 + text.length);
  address[0] = AF_UNIX;
  address.set(text, 2);
  return address;
}

function connectWithNode(path: string, timeoutMs: number): Promise<Stream> {
  const socket = process.getBuiltinModule('node:net').connect(path);
  const event = <T>(wanted: 'connect' | 'data'): Promise<T> => {
    return new Promise((resolve, reject) => {
      const end = (why: Error): void => {
        socket.destroy();
        reject(why);
      };
      socket.setTimeout(timeoutMs, () => end(new Error(`${path}: no answer within ${timeoutMs} ms`)));
      socket.once('error', end);
      socket.once('close', () => reject(new Error(`${path} was closed by the other side`)));
      socket.once(wanted, (value: T) => {
        if (wanted === 'data') socket.pause();
        socket.removeAllListeners();
        resolve(value);
      });
      if (wanted === 'data') socket.resume();
    });
  };
  const stream: Stream = {
    send: (bytes) => void socket.write(bytes),
    receive: () => event<Uint8Array>('data'),
    close: () => void socket.destroy(),
  };
  return event('connect').then(() => stream);
}
