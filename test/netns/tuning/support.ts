import { createHost, type Host, type Pod } from '../harness/host.ts';
import { callPlugin, type PluginOutcome } from '../harness/plugin.ts';

/** A configuration and everything else that a call of tuning depends on. */
export interface Case {
  readonly what: string;
  readonly conf?: object;
  readonly args?: string;
  readonly cniVersion?: string;
  /** Lines of the node's allow-list. */
  readonly allowed?: string;
  /** Commands for a shell in the pod, before ADD. */
  readonly before?: string;
  /** The reference's CHECK compares texts where it should compare values. */
  readonly refusedByReference?: true;
  /** The reference leaves its file behind when ADD fails. */
  readonly leftByReference?: true;
}

/** What ADD is given as the result so far. */
export const PREVIOUS = {
  cniVersion: '1.0.0',
  interfaces: [{ name: 'veth1' }, { name: 'eth0', mac: '02:00:00:00:00:01', sandbox: '/x' }],
  ips: [{ address: '10.1.2.3/24', interface: 1 }],
};

/** A host with a pod that has an interface, and what it takes to end it. */
export async function podWithLink(one: Case): Promise<{ host: Host; pod: Pod }> {
  const host = await createHost('tuning');
  const pod = await host.addPod();
  await pod.ip('link add name eth0 address 02:00:00:00:00:01 type veth peer name other');
  await pod.ip('link set dev eth0 up');
  if (one.before !== undefined) await pod.run(['sh', '-c', one.before]);
  if (one.allowed !== undefined) await allow(host, one.allowed);
  return { host, pod };
}

/** The host's own /etc is the machine's, so the list is laid over it in the host's mounts. */
async function allow(host: Host, lines: string): Promise<void> {
  const script = [
    'mkdir -p /run/over/upper/cni/tuning /run/over/work',
    'cat >/run/over/upper/cni/tuning/allowlist.conf',
    'mount -t tmpfs none /mnt',
    'mkdir /mnt/upper /mnt/work && cp -a /run/over/upper/. /mnt/upper/',
    'mount -t overlay -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work overlay /etc',
  ];
  const { exitCode, stderr } = await host.run(['sh', '-ec', script.join('\n')], { stdin: lines });
  if (exitCode !== 0) throw new Error(stderr);
}

/** Calls tuning of a folder of plugins. */
export function callTuning(
  folder: string,
  verb: string,
  { host, pod }: { host: Host; pod: Pod },
  one: Case,
): Promise<PluginOutcome> {
  const cniVersion = one.cniVersion ?? '1.0.0';
  const conf = { cniVersion, name: 'net', type: 'tuning', prevResult: PREVIOUS, ...one.conf };
  const variables = { containerId: 'c1', netns: pod.path, ifName: 'eth0', args: one.args ?? '', path: folder };
  return callPlugin(host, `${folder}/tuning`, { verb, ...variables, conf });
}

/** The settings of the pod's interface and kernel that tuning may change, and its files. */
export async function stateOf({ host, pod }: { host: Host; pod: Pod }): Promise<unknown> {
  const [link] = JSON.parse(await pod.ip('-j -d link show dev eth0')) as readonly Record<string, unknown>[];
  const files = await host.run([
    'sh',
    '-c',
    'for f in /run/cni/tuning/*; do [ -f "$f" ] && echo "$f" && cat "$f"; done',
  ]);
  const names = ['net/ipv4/conf/eth0/arp_notify', 'net/core/somaxconn', 'net/ipv4/ip_local_port_range'];
  const values = await pod.run(['sh', '-c', `cd /proc/sys && cat ${names.join(' ')}`]);
  const { address, mtu, txqlen, promiscuity, flags } = link ?? {};
  return { address, mtu, txqlen, promiscuity, flags, files: files.stdout, values: values.stdout };
}
