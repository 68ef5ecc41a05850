import { join } from 'node:path';
import { referencePlugins } from '../../scripts/lib/reference.ts';
import { connect } from '../netns/harness/connect.ts';
import { createHost, type Host, type Pod } from '../netns/harness/host.ts';
import { type Attachment, Runtime } from '../netns/harness/libcni.ts';
import type { Conflist } from '../netns/harness/libcni-conf.ts';
import { BUILT_PLUGINS } from '../netns/harness/plugin.ts';
import { podmanPlugins } from '../netns/harness/podman-list.ts';
import { bySize } from './size.ts';
import { answerOn, type Target, type Watch, type WatchReport, watch } from './upgrade-traffic.ts';

/** Where the node's runtime looks for plugins: the reference's, and for a while ours. */
const BIN = '/var/lib/opt/cni/bin';
const NODE = '192.0.2.1';
const OUTSIDE = '192.0.2.2';
const OUTSIDE_PORT = 7000;

/** How many pods each suite makes. */
export const PODS = bySize(6, 30);

/** For as many as a network ever has at once, and one that comes meanwhile: addresses of pods that are gone come again. */
const range = (subnet: string): object => ({
  subnet: `${subnet}.0/24`,
  rangeStart: `${subnet}.10`,
  rangeEnd: `${subnet}.${10 + PODS / 2}`,
});

/** The networks of the node: every backend of rules, both families, bridges and cables. */
export const NETWORKS: readonly Conflist[] = [
  { cniVersion: '0.4.0', name: 'podman', plugins: podmanPlugins(range('10.89.0')) },
  {
    cniVersion: '1.0.0',
    name: 'dual',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni-dual',
        isDefaultGateway: true,
        ipMasq: true,
        ipMasqBackend: 'nftables',
        hairpinMode: true,
        ipam: { type: 'host-local', ranges: [[range('10.90.0')], [{ subnet: 'fd00:90::/64' }]] },
      },
      { type: 'portmap', backend: 'nftables', capabilities: { portMappings: true } },
      { type: 'firewall', backend: 'iptables' },
      { type: 'tuning', sysctl: { 'net.core.somaxconn': '500' } },
    ],
  },
  {
    cniVersion: '1.0.0',
    name: 'cable',
    plugins: [
      {
        type: 'ptp',
        ipMasq: true,
        ipMasqBackend: 'iptables',
        ipam: { type: 'host-local', routes: [{ dst: '0.0.0.0/0' }], ranges: [[range('10.91.0')]] },
      },
      { type: 'portmap', backend: 'iptables', capabilities: { portMappings: true } },
      { type: 'firewall', backend: 'iptables' },
    ],
  },
];

/** A pod that is attached, and answers. */
export interface LivePod {
  readonly pod: Pod;
  readonly name: string;
  readonly list: Conflist;
  readonly attachment: Attachment;
  readonly addresses: readonly string[];
  readonly hostPort: number;
  /** Ends what runs in it, and removes its namespace. */
  die(): Promise<void>;
}

/** A node on which the plugins are exchanged while pods live. */
export interface UpgradeNode {
  readonly host: Host;
  readonly runtime: Runtime;
  /** Makes a pod in the network of that number and attaches it. */
  addPod(name: string, index: number): Promise<LivePod>;
  /** Has all of them asked all the time: by the node, from outside, by each other and themselves; and they ask outside. */
  watchAll(pods: readonly LivePod[]): Promise<() => Promise<readonly WatchReport[]>>;
  /** `cni install` of this suite, or its way back. */
  install(): Promise<void>;
  uninstall(): Promise<void>;
  /** Runs the tool on the node. */
  cni(...args: readonly string[]): Promise<string>;
  /** All files in the folder of the plugins, with sums. */
  plugins(): Promise<string>;
  dispose(): Promise<void>;
}

/** Makes a node with the reference's plugins, and somebody outside. */
export async function createUpgradeNode(): Promise<UpgradeNode> {
  const host = await createHost('node');
  const outside = await createHost('outside');
  try {
    return await upgradeNodeOf(host, outside);
  } catch (thrown) {
    await Promise.all([host.dispose(), outside.dispose()]);
    throw thrown;
  }
}

async function upgradeNodeOf(host: Host, outside: Host): Promise<UpgradeNode> {
  await connect(
    { host, link: 'eth0', addresses: [`${NODE}/24`] },
    { host: outside, link: 'eth0', addresses: [`${OUTSIDE}/24`] },
  );
  // As on a node where somebody keeps containers apart: what the firewall plugin opens counts.
  await shell(
    host,
    `for family in iptables ip6tables; do
       $family -P FORWARD DROP
       $family -A FORWARD -m conntrack --ctstate DNAT -j ACCEPT
     done
     mkdir -p ${BIN}
     cp -a ${await referencePlugins()}/. ${BIN}`,
  );
  await answerOn(outside, OUTSIDE_PORT, 'outside');
  const runtime = new Runtime(host, [BIN]);
  return {
    host,
    runtime,
    async addPod(name, index) {
      const pod = await host.addPod();
      const server = await answerOn(pod, 80, name);
      const list = NETWORKS[index % NETWORKS.length];
      if (list === undefined) throw new Error('there is no network');
      const hostPort = 20_000 + index;
      const capabilities = { portMappings: [{ hostPort, containerPort: 80, protocol: 'tcp' }] };
      const attachment = { containerId: name, netns: pod.path, ifName: 'eth0', capabilities };
      const result = await runtime.add(list, attachment);
      const addresses = (result?.ips ?? []).map(({ address }) => address.replace(/\/.*/, ''));
      const die = async () => {
        await server.stop();
        await pod.remove();
      };
      return { name, list, attachment, addresses, hostPort, pod, die };
    },
    async watchAll(pods) {
      const watches = [
        watch(host, pods.flatMap(askedByNode)),
        watch(outside, pods.flatMap(askedFromOutside)),
        ...pods.map((one, index) => watch(one.pod, askedByPod(one, pods[(index + 1) % pods.length] ?? one))),
      ];
      await Promise.all(watches.map((one: Watch) => one.begun()));
      return () => Promise.all(watches.map((one) => one.stop()));
    },
    install: () => shell(host, `${join(BUILT_PLUGINS, 'cni')} install --dest ${BIN}`),
    uninstall: () => shell(host, `${BIN}/cni install --dest ${BIN} --uninstall --force`),
    async cni(...args) {
      const { stdout, stderr } = await host.run([`${BIN}/cni`, ...args], { env: { CNI_PATH: BIN } });
      return stdout + stderr;
    },
    async plugins() {
      return (await host.run(['sh', '-c', `cd ${BIN} && find . | sort && find . -type f | sort | xargs sha256sum`]))
        .stdout;
    },
    async dispose() {
      await Promise.all([host.dispose(), outside.dispose()]);
    },
  };
}

function askedByNode({ addresses, hostPort, name }: LivePod): readonly Target[] {
  return [
    ...addresses.map((address): Target => ({ kind: 'held', address, port: 80, name })),
    ...addresses.slice(0, 1).map((address): Target => ({ kind: 'ping', address })),
    { kind: 'fresh', address: '127.0.0.1', port: hostPort, name },
  ];
}

function askedFromOutside({ hostPort, name }: LivePod): readonly Target[] {
  return [
    { kind: 'held', address: NODE, port: hostPort, name },
    { kind: 'fresh', address: NODE, port: hostPort, name },
  ];
}

function askedByPod({ hostPort, name }: LivePod, other: LivePod): readonly Target[] {
  const [address = ''] = other.addresses;
  return [
    { kind: 'held', address, port: 80, name: other.name },
    { kind: 'ping', address },
    { kind: 'held', address: OUTSIDE, port: OUTSIDE_PORT, name: 'outside' },
    { kind: 'fresh', address: OUTSIDE, port: OUTSIDE_PORT, name: 'outside' },
    { kind: 'fresh', address: NODE, port: hostPort, name },
  ];
}

async function shell(host: Host, script: string): Promise<void> {
  const { exitCode, stdout, stderr } = await host.run(['sh', '-ec', script]);
  if (exitCode !== 0) throw new Error(`${script}: ${exitCode}: ${stdout}${stderr}`);
}
