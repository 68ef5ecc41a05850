import { bindFunctions } from './libc.ts';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
/** `struct msghdr`, and in it the address and the length of what is sent beside the data. */
const HEADER_BYTES = 56;
const CONTROL_AT = 32;
const CONTROL_LENGTH_AT = 40;
/** `struct cmsghdr` and two file descriptors. */
const CONTROL_BYTES = 24;

/**
 * Closes a file without waiting for what that takes; never throws. The file is sent, together with a socket, to that
 * very socket. Once both are closed here nothing but the message refers to them, and the kernel clears such circles
 * away in a thread of its own. One older than 6.9 does it at once, which is what closing does.
 */
export function closeElsewhere(fd: number): void {
  const { symbols, addressOf } = bindFunctions('socketpair', 'sendmsg', 'close');
  const pair = new Int32Array([-1, -1]);
  symbols.socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair);
  const [sender = -1, receiver = -1] = pair;
  const control = new DataView(new ArrayBuffer(CONTROL_BYTES));
  control.setBigUint64(0, BigInt(CONTROL_BYTES), true);
  control.setInt32(8, SOL_SOCKET, true);
  control.setInt32(12, SCM_RIGHTS, true);
  control.setInt32(16, receiver, true);
  control.setInt32(20, fd, true);
  const beside = new Uint8Array(control.buffer);
  const header = new DataView(new ArrayBuffer(HEADER_BYTES));
  header.setBigUint64(CONTROL_AT, addressOf(beside), true);
  header.setBigUint64(CONTROL_LENGTH_AT, BigInt(beside.length), true);
  // What could not be sent is closed below all the same.
  symbols.sendmsg(sender, header.buffer, 0);
  // The sender last: its end is what makes the kernel look for circles.
  symbols.close(fd);
  symbols.close(receiver);
  symbols.close(sender);
}
