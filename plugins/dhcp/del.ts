import type { GobObject } from '../../pkg/gob/types.ts';
import type { AttachmentCall, GcCall } from '../../pkg/skel/plugin.ts';
import type { Attachment } from '../../pkg/types/attachment.ts';
import { type CniError, failTogether, toCniError } from '../../pkg/types/error.ts';
import { askDaemon, DaemonAway } from './ask-daemon.ts';
import { argsOf, socketOf } from './call-args.ts';
import { hasLease, type LeaseFile, markLease, readLeases } from './lease-files.ts';
import { METHOD } from './protocol.ts';
import type { DhcpConf } from './schema.ts';

/** Nobody has to be asked for it but the daemon. */
const RELEASE_MS = 10_000;

/** Has the daemon give the address back. */
export async function del(call: AttachmentCall<DhcpConf>): Promise<void> {
  await release(socketOf(call), call, argsOf(call), call.warn);
}

/** Gives back what no valid attachment of this network has. */
export async function gc(call: GcCall<DhcpConf>): Promise<void> {
  const { validAttachments, network } = call;
  if (validAttachments === undefined) return;
  const socket = socketOf(call);
  const failures: CniError[] = [];
  for (const lease of readLeases(socket)) {
    if (lease.network !== network) continue;
    const { containerId, ifName } = lease;
    if (validAttachments.some((valid) => valid.containerID === containerId && valid.ifname === ifName)) continue;
    try {
      await release(socket, lease, releaseArgs(lease, call.configText), call.warn);
      call.warn(`dhcp: released the address of ${containerId} (${ifName})`);
    } catch (thrown) {
      failures.push(toCniError(thrown));
    }
  }
  failTogether(failures);
}

function releaseArgs({ containerId, ifName, netns }: LeaseFile, configText: string): GobObject {
  const config = new TextEncoder().encode(configText);
  return { ContainerID: containerId, Netns: netns.path, IfName: ifName, StdinData: config };
}

/**
 * A pod must not stay forever because the daemon is away. Its lease is not lost for that: the daemon keeps it on disk,
 * and gives it back when it finds the mark. A daemon that keeps nothing has forgotten it with its own end.
 */
async function release(socket: string, key: Attachment, args: GobObject, warn: (line: string) => void): Promise<void> {
  try {
    await askDaemon(socket, METHOD.release, args, RELEASE_MS);
  } catch (thrown) {
    if (!(thrown instanceof DaemonAway)) throw thrown;
    if (!hasLease(socket, key)) {
      warn(`dhcp: ${thrown.message}; nothing is known of a lease, and if there is one it ends by itself`);
      return;
    }
    markLease(socket, key);
    warn(`dhcp: ${thrown.message}; the address is given back when the daemon is there again`);
  }
}
