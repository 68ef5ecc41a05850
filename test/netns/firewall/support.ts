import { createHost, type Host, type Pod } from '../harness/host.ts';
import { callPlugin, type PluginOutcome } from '../harness/plugin.ts';

/** A configuration and everything else that a call of firewall depends on. */
export interface Case {
  readonly what: string;
  readonly conf?: object;
  readonly ips?: readonly string[];
  readonly interfaces?: readonly object[];
  readonly cniVersion?: string;
  /** Lines for a shell on the host before ADD. */
  readonly before?: string;
}

/** The container's addresses where a case names none. */
export const IPV4 = '10.1.2.3/24';
export const IPV6 = 'fd00:1::3/64';

/** What ADD is given as the result so far. */
export function previous({ ips = [IPV4], interfaces, cniVersion = '1.0.0' }: Case): object {
  const links = interfaces ?? [{ name: 'cni0' }, { name: 'veth1' }, { name: 'eth0', sandbox: '/x' }];
  const numbered = cniVersion.startsWith('0.');
  const addresses = ips.map((address) => ({
    ...(numbered ? { version: address.includes(':') ? '6' : '4' } : {}),
    interface: 2,
    address,
  }));
  return { cniVersion, interfaces: links, ips: addresses };
}

/** A host with a pod. */
export async function hostFor(one: Case): Promise<{ host: Host; pod: Pod }> {
  const host = await createHost('firewall');
  const pod = await host.addPod();
  if (one.before !== undefined) await host.run(['sh', '-ec', one.before]);
  return { host, pod };
}

/** Calls firewall of a folder of plugins. */
export function callFirewall(
  folder: string,
  verb: string,
  { host, pod }: { host: Host; pod: Pick<Pod, 'path'> },
  one: Case,
  over: object = {},
  env: Readonly<Record<string, string>> = {},
  containerId = 'c1',
): Promise<PluginOutcome> {
  const cniVersion = one.cniVersion ?? '1.0.0';
  const conf = { cniVersion, name: 'net', type: 'firewall', prevResult: previous(one), ...one.conf, ...over };
  const variables = { containerId, netns: pod.path, ifName: 'eth0', path: folder, env };
  return callPlugin(host, `${folder}/firewall`, { verb, ...variables, conf });
}

/** The filter rules of both families, without counters. */
export async function rulesOf(host: Host): Promise<string> {
  const script = 'for family in iptables ip6tables; do $family-save -t filter | grep -v "^#"; done';
  const { stdout } = await host.run(['sh', '-c', script]);
  return stdout.replace(/ \[\d+:\d+\]/g, '');
}
