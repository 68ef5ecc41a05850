import type { GobObject } from '../../pkg/gob/types.ts';
import type { AttachmentCall, Call } from '../../pkg/skel/plugin.ts';
import { SOCKET_PATH } from './protocol.ts';
import type { DhcpConf } from './schema.ts';

/** Where the daemon of a configuration listens. */
export function socketOf({ conf }: Call<DhcpConf>): string {
  return conf.ipam?.daemonSocketPath || SOCKET_PATH;
}

/** What the daemon is told of an attachment. */
export function argsOf(call: AttachmentCall<DhcpConf>): GobObject {
  const { containerId, netns, ifName, args, environment, configText } = call;
  return {
    ContainerID: containerId,
    // The daemon is somewhere else.
    Netns: netns.startsWith('/') ? netns : `${process.cwd()}/${netns}`.replace(/\/$/, ''),
    IfName: ifName,
    Args: args,
    Path: environment['CNI_PATH'] ?? '',
    NetnsOverride: environment['CNI_NETNS_OVERRIDE'] ?? '',
    StdinData: new TextEncoder().encode(configText),
  };
}
