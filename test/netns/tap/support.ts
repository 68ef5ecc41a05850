import { OURS, type Suite } from '../bridge/suites.ts';
import type { Host, Pod } from '../harness/host.ts';
import type { Attachment } from '../harness/libcni.ts';
import { callPlugin, type PluginCall, type PluginOutcome } from '../harness/plugin.ts';

/** An address of each family. */
export const DUAL = {
  type: 'host-local',
  ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00:1::/64' }]],
  routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
};

/** The reference waits five seconds for IPv6 on a device that no program has opened, so it is seldom asked for it. */
export const V4 = { type: 'host-local', subnet: '10.1.0.0/24', routes: [{ dst: '0.0.0.0/0' }] };

/** A configuration with what every one has. */
export function confOf(conf: object = {}, cniVersion = '1.0.0'): Readonly<Record<string, unknown>> {
  return { cniVersion, name: 'net', type: 'tap', ipam: DUAL, ...conf };
}

/** The attachment of a pod. */
export function attachmentOf(pod: Pod, containerId = 'c1'): Attachment {
  return { containerId, netns: pod.path, ifName: 'eth0' };
}

/** Calls tap of a suite. */
export function call(host: Host, call: PluginCall, suite: Suite = OURS): Promise<PluginOutcome> {
  return callPlugin(host, `${suite.folder}/tap`, { path: suite.folder, ...call });
}

/** Names of the links of a pod but `lo`. */
export async function linksOf(pod: Pod): Promise<readonly string[]> {
  const links = JSON.parse(await pod.ip('-j link show')) as readonly { ifname: string }[];
  return links.flatMap(({ ifname }) => (ifname === 'lo' ? [] : [ifname]));
}
