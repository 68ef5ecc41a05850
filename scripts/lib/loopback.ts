import type { ThrowawayNetns } from './throwaway.ts';

/** A loopback configuration as a runtime passes it on stdin. */
export const LOOPBACK_CONF = JSON.stringify({ cniVersion: '1.0.0', name: 'lo', type: 'loopback' });

/** The environment in which a runtime calls loopback for a container. */
export function loopbackEnvironment(verb: string, netns: ThrowawayNetns): Readonly<Record<string, string>> {
  return {
    CNI_COMMAND: verb,
    CNI_CONTAINERID: netns.name,
    CNI_NETNS: netns.path,
    CNI_IFNAME: 'lo',
    CNI_PATH: '/opt/cni/bin',
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  };
}
