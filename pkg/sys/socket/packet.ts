import { errnoName, thrownErrno } from '../errno.ts';
import { type Binding, bindFunctions } from '../libc.ts';
import { AF_PACKET, linkAddress } from './link-address.ts';

/** A socket for whole frames on one link, in the namespace that its thread was in when it was opened. */
export interface PacketSocket {
  send(frame: Uint8Array): void;
  close(): void;
}

const SOCK_RAW = 3;
const SOCK_NONBLOCK_CLOEXEC = 0o4000 | 0o2000000;
const ETH_P_IP = 0x0800;
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
/** More than any link's MTU. */
const MOST_FRAME_BYTES = 65_536;
const PASSING: readonly string[] = ['EAGAIN', 'EINTR', 'ENOBUFS'];

/** Frames with IPv4 and UDP to port 68, and no fragments: nobody is woken by anything else. */
const CLIENT_PORT_FILTER: readonly (readonly [code: number, yes: number, no: number, k: number])[] = [
  [0x28, 0, 0, 12],
  [0x15, 0, 8, ETH_P_IP],
  [0x30, 0, 0, 23],
  [0x15, 0, 6, 17],
  [0x28, 0, 0, 20],
  [0x45, 4, 0, 0x3fff],
  [0xb1, 0, 0, 14],
  [0x48, 0, 0, 16],
  [0x15, 0, 1, 68],
  [0x06, 0, 0, 0xffff],
  [0x06, 0, 0, 0],
];

type Functions = Binding<'socket' | 'setsockopt' | 'bind' | 'send' | 'recv' | 'close'>;

let bound: Functions | undefined;

function functions(): Functions {
  bound ??= bindFunctions('socket', 'setsockopt', 'bind', 'send', 'recv', 'close');
  return bound;
}

/** Opens a descriptor for what servers of DHCP send to clients on the link with this index. Never blocks. */
export function openPacketSocket(index: number): number {
  const { symbols, addressOf, checked } = functions();
  // Without a protocol, so that nothing comes before filter and link are set.
  const fd = checked('socket', symbols.socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK_CLOEXEC, 0));
  try {
    const { program, keep } = filterProgram(addressOf);
    checked('setsockopt', symbols.setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, program, program.length));
    // The instructions have to be there until now.
    keep.fill(0);
    const address = linkAddress(index, ETH_P_IP);
    checked('bind', symbols.bind(fd, address, address.length));
    return fd;
  } catch (thrown) {
    symbols.close(fd);
    throw thrown;
  }
}

/** A `sock_fprog`: how many instructions, and where they are. */
function filterProgram(addressOf: Functions['addressOf']): { readonly program: Uint8Array; readonly keep: Uint8Array } {
  const keep = new Uint8Array(CLIENT_PORT_FILTER.length * 8);
  const view = new DataView(keep.buffer);
  for (const [at, [code, yes, no, k]] of CLIENT_PORT_FILTER.entries()) {
    view.setUint16(at * 8, code, true);
    view.setUint8(at * 8 + 2, yes);
    view.setUint8(at * 8 + 3, no);
    view.setUint32(at * 8 + 4, k, true);
  }
  const program = new Uint8Array(16);
  const head = new DataView(program.buffer);
  head.setUint16(0, CLIENT_PORT_FILTER.length, true);
  head.setBigUint64(8, addressOf(keep), true);
  return { program, keep };
}

/** Sends one frame. A link that is down, or full, loses it, as any link may. */
export function sendFrame(fd: number, frame: Uint8Array): void {
  const { symbols, checked } = functions();
  try {
    checked('send', symbols.send(fd, frame, frame.length, 0));
  } catch (thrown) {
    if (!LOST.includes(thrownErrno(thrown) ?? '')) throw thrown;
  }
}

const LOST: readonly string[] = ['ENETDOWN', 'ENOBUFS', 'EAGAIN', 'EINTR'];

/** Has frames handed over by the event loop as they come; the descriptor goes with what is given. */
export function watchPacketSocket(fd: number, take: (frame: Uint8Array) => void): PacketSocket {
  if (typeof Native === 'undefined') throw new Error('frames can be received only in the executable');
  const { symbols } = functions();
  let isOpen = true;
  const stop = Native.watch(fd, 'readable', () => {
    const frame = new Uint8Array(MOST_FRAME_BYTES);
    const length = symbols.recv(fd, frame, frame.length, 0);
    if (length > 0) take(frame.subarray(0, length));
    // Nothing there after all is no reason to end; a link that went away is.
    else if (!PASSING.includes(errnoName(length) ?? '')) end();
  });
  const end = (): void => {
    if (!isOpen) return;
    isOpen = false;
    stop();
    symbols.close(fd);
  };
  return {
    send(frame) {
      if (!isOpen) throw new Error('the link went down');
      sendFrame(fd, frame);
    },
    close: end,
  };
}
