import { CONNECT, encodeCall, type Reply, RpcReader } from '../../pkg/gob/rpc.ts';
import { fieldsOf, type GobObject } from '../../pkg/gob/types.ts';
import { causeErrno, thrownText } from '../../pkg/sys/errno.ts';
import { connectTo, type Stream } from '../../pkg/sys/socket/stream.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import { CMD_ARGS } from './protocol.ts';

/** How long the daemon's ear is waited for, in milliseconds. */
export const DIAL_MS = 2000;

/** The daemon cannot be asked now; it may be there again soon. */
export class DaemonAway extends CniError {}

/** Asks the daemon one thing, and waits no longer than so many milliseconds for its answer. */
export async function askDaemon(path: string, method: string, args: GobObject, timeoutMs: number): Promise<GobObject> {
  const { error, body } = await converse(path, timeoutMs, async (stream, until) => {
    const reader = await shakeHands(stream);
    // Not sooner: the reference's daemon loses what comes together with the greeting.
    stream.send(encodeCall(method, CMD_ARGS, args));
    for (;;) {
      reader.push(await stream.receive());
      const reply = reader.next();
      if (reply !== undefined) return replyOf(reply);
      if (performance.now() > until) throw new Error('the answer takes too long');
    }
  });
  if (error === '') return body;
  throw new CniError(ErrorCode.internal, `error calling ${method}: ${error}`, 'the log of `dhcp daemon` says more');
}

/** Fails when nobody listens, or whoever does is no such daemon. */
export async function greetDaemon(path: string): Promise<void> {
  await converse(path, DIAL_MS, shakeHands);
}

async function shakeHands(stream: Stream): Promise<RpcReader> {
  const reader = new RpcReader();
  stream.send(new TextEncoder().encode(CONNECT));
  for (;;) {
    const head = reader.push(await stream.receive());
    if (head === undefined) continue;
    refuseStranger(head);
    return reader;
  }
}

function refuseStranger(head: string): void {
  if (head.includes(' 200 ')) return;
  throw new Error(`unexpected HTTP response: ${head.split('\n', 1)[0]?.trim()}`);
}

function replyOf({ head, body }: { readonly head: GobObject; readonly body: GobObject }): Reply {
  const { Error: error = '' } = fieldsOf(head);
  return { error: String(error), body };
}

async function converse<T>(
  path: string,
  timeoutMs: number,
  work: (stream: Stream, until: number) => Promise<T>,
): Promise<T> {
  const stream = await dial(path, timeoutMs);
  try {
    return await work(stream, performance.now() + timeoutMs);
  } catch (thrown) {
    throw new DaemonAway(ErrorCode.tryAgain, `error calling DHCP daemon: ${why(thrown, timeoutMs)}`, remedy(path), {
      cause: thrown,
    });
  } finally {
    stream.close();
  }
}

async function dial(path: string, timeoutMs: number): Promise<Stream> {
  try {
    return await connectTo(path, timeoutMs);
  } catch (thrown) {
    const message = `error dialing DHCP daemon: dial unix ${path}: connect: ${why(thrown, timeoutMs)}`;
    throw new DaemonAway(ErrorCode.tryAgain, message, remedy(path), { cause: thrown });
  }
}

function why(thrown: unknown, timeoutMs: number): string {
  // What the kernel says when a socket was waited for in vain.
  return causeErrno(thrown) === 'EAGAIN' ? `no answer within ${timeoutMs / 1000} s` : thrownText(thrown);
}

function remedy(path: string): string {
  return `no DHCP daemon answers on ${path}: start one with \`dhcp daemon\`, or name its socket as "ipam.daemonSocketPath"`;
}
