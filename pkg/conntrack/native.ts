import type { Netns } from '../netns/netns.ts';
import { RtnlError, RtnlSocket } from '../rtnl/socket.ts';
import { type Libc, NETLINK } from '../sys/libc.ts';
import { Answers } from './answers.ts';
import { LocalAddresses } from './local.ts';
import { deletionRequest, type TrackedFlow } from './message.ts';
import { type Target, targetsByPort } from './stale.ts';

const COUNT = '/proc/sys/net/netfilter/nf_conntrack_count';

/** Flushes the flows that the targets make stale, in the kernel itself; throws when it does not have what this needs. */
export async function flushNatively(c: Libc, place: Netns, targets: readonly Target[]): Promise<void> {
  const count = await countIn(place);
  if (count === 0) return;
  // A socket stays in the namespace it was opened in, so only its opening happens there.
  const socket = place.run(() => new RtnlSocket(c, c.netlinkSocket(NETLINK.netfilter)));
  const addresses = new LocalAddresses(() => RtnlSocket.in(place, c));
  const isLocal = (address: string) => addresses.has(address);
  try {
    const answers = new Answers(socket, targets, count);
    for (const one of targetsByPort(targets)) {
      for (const flow of answers.flowsTo(one)) if (one.makeStale(flow, isLocal)) forget(socket, flow);
    }
  } finally {
    addresses.close();
    socket.close();
  }
}

/** How many flows there are; `undefined` where the kernel does not say. */
async function countIn(place: Netns): Promise<number | undefined> {
  try {
    return Number(await place.readFile(COUNT));
  } catch {
    return undefined;
  }
}

function forget(socket: RtnlSocket, flow: TrackedFlow): void {
  try {
    socket.exchange(deletionRequest(flow));
  } catch (thrown) {
    // It ended by itself, or another one has taken its place.
    if (!(thrown instanceof RtnlError && thrown.code === 'ENOENT')) throw thrown;
  }
}
