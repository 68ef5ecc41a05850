import { configError } from '../../pkg/config/config-error.ts';
import type { GobObject } from '../../pkg/gob/types.ts';
import type { AttachmentCall, Call } from '../../pkg/skel/plugin.ts';
import { CniError, ErrorCode, notAvailable } from '../../pkg/types/error.ts';
import type { Result } from '../../pkg/types/result.ts';
import { askDaemon, greetDaemon } from './ask-daemon.ts';
import { argsOf, socketOf } from './call-args.ts';
import { METHOD, NO_SUCH_METHOD } from './protocol.ts';
import { readResult } from './result.ts';
import type { DhcpConf } from './schema.ts';

/** Longer than the reference's daemon tries by default. */
const ALLOCATE_MS = 240_000;
/** A lease that is there is told at once. */
const CHECK_MS = 10_000;

/** Has the daemon get an address. */
export async function add(call: AttachmentCall<DhcpConf>): Promise<Result> {
  if (call.conf.ipam === undefined) {
    throw configError("IPAM config missing 'ipam' key", 'ipam', undefined, 'an object such as {"type": "dhcp"}');
  }
  return readResult(await askDaemon(socketOf(call), METHOD.allocate, argsOf(call), ALLOCATE_MS));
}

/** Has the daemon look whether the lease is still there, and compares the address. */
export async function check(call: AttachmentCall<DhcpConf>): Promise<void> {
  const { ips = [] } = readResult(await askForLease(socketOf(call), argsOf(call)));
  const leased = ips.map(({ address }) => address);
  const given = call.prevResult?.ips?.map(({ address }) => address);
  if (given === undefined || leased.every((address) => given.includes(address))) return;
  throw new CniError(
    ErrorCode.internal,
    `dhcp: Failed to match the leased address on interface ${call.ifName}`,
    `the server has given ${leased.join(', ')}, prevResult has ${given.join(', ')}; DEL and ADD put it right`,
  );
}

/** To allocate once more is the reference's way to check; that would get a new lease where there is none. */
async function askForLease(path: string, args: GobObject): Promise<GobObject> {
  try {
    return await askDaemon(path, METHOD.check, args, CHECK_MS);
  } catch (thrown) {
    if (!(thrown instanceof CniError) || !thrown.message.includes(NO_SUCH_METHOD)) throw thrown;
    return askDaemon(path, METHOD.allocate, args, CHECK_MS);
  }
}

/** Fails while nobody answers who could get an address. */
export async function status(call: Call<DhcpConf>): Promise<void> {
  try {
    await greetDaemon(socketOf(call));
  } catch (thrown) {
    throw notAvailable('dhcp', thrown);
  }
}
