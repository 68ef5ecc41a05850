import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attachmentOf, leasesOn, vethsOn } from '../bridge/support.ts';
import type { Pod } from '../harness/host.ts';
import { type Attachment, Runtime } from '../harness/libcni.ts';
import type { Conflist } from '../harness/libcni-conf.ts';
import type { Place } from '../harness/place.ts';
import { expectRestored, type HostSnapshot, takeSnapshot } from '../harness/snapshot.ts';
import { type Cluster, type ClusterNode, createCluster } from './cluster.ts';
import { STAYS, storedOn, WITH_REFERENCE } from './support.ts';

/** To the letter what every guide installs. */
const LIST = JSON.parse(
  '{"name":"cbr0","cniVersion":"0.3.1","plugins":[{"type":"flannel","delegate":{"hairpinMode":true,"isDefaultGateway":true}},{"type":"portmap","capabilities":{"portMappings":true}}]}',
) as Conflist;

/** What portmap keeps for the next host port; what is of one container has a chain of its own. */
const IGNORE = [...STAYS, /^(?!.*CNI-(?:DN|SN)-).*CNI-HOSTPORT-/, /^host .*nft table ip6? (?:nat|filter) chain OUTPUT/];

const HOST_PORT = 8080;
const PORT = 80;

/** A pod of a node, with its addresses. */
interface ClusterPod {
  readonly node: ClusterNode;
  readonly pod: Pod;
  readonly attachment: Attachment;
  readonly ipv4: string;
  readonly ipv6: string | undefined;
}

/** Every connection is told the address that it was seen to come from. */
const SERVER = `require('node:net').createServer((socket) => {
  socket.end(socket.remoteAddress.replace('::ffff:', ''));
}).listen(${PORT}, '::', () => console.log('ready'));`;

const client = (address: string, port: number) => `
const socket = require('node:net').connect(${port}, ${JSON.stringify(address)});
socket.on('data', (data) => process.stdout.write(data)).on('error', (error) => console.log(error.code));
setTimeout(() => process.exit(1), 3000).unref();`;

/** The address that a server sees when it is reached from somewhere. */
async function sourceSeen(from: Place, address: string, port: number): Promise<string> {
  const { stdout } = await from.run([process.execPath, '-e', client(address, port)], { timeoutMs: 5000 });
  return stdout;
}

async function pings(from: Place, address: string, ...options: readonly string[]): Promise<boolean> {
  return (await from.run(['ping', '-c1', '-W2', ...options, address])).exitCode === 0;
}

describe.each([
  ['vxlan', 'IPv4', false],
  ['vxlan', 'both families', true],
  ['host-gw', 'IPv4', false],
  ['host-gw', 'both families', true],
] as const)('three nodes, %s, %s', (backend, _, isDual) => {
  let cluster: Cluster;
  let before: readonly HostSnapshot[];
  const runtimes = new Map<ClusterNode, Runtime>();
  const runtimeOf = (node: ClusterNode): Runtime => {
    const runtime = runtimes.get(node) ?? new Runtime(node.host, WITH_REFERENCE);
    runtimes.set(node, runtime);
    return runtime;
  };

  beforeAll(async () => {
    cluster = await createCluster(backend, isDual);
    before = await Promise.all(cluster.nodes.map(({ host }) => takeSnapshot(host, { ignore: IGNORE })));
  });
  afterAll(async () => {
    await cluster.dispose();
  });

  async function add(node: ClusterNode, containerId: string, capabilities = {}): Promise<ClusterPod> {
    const pod = await node.host.addPod();
    const attachment = { ...attachmentOf(pod, containerId), capabilities };
    const result = await runtimeOf(node).add(LIST, attachment);
    const [ipv4 = '', ipv6] = (result?.ips ?? []).map(({ address }) => address.replace(/\/.*/, ''));
    return { node, pod, attachment, ipv4, ipv6 };
  }

  async function remove({ node, pod, attachment }: ClusterPod): Promise<void> {
    await runtimeOf(node).del(LIST, attachment);
    await pod.remove();
    await runtimeOf(node).del(LIST, attachment, { netns: '', prevResult: false });
  }

  async function expectNothingLeft(): Promise<void> {
    for (const [index, { host }] of cluster.nodes.entries()) {
      expect(await vethsOn(host)).toEqual([]);
      expect(await leasesOn(host, 'cbr0')).toEqual([]);
      expect(await storedOn(host)).toEqual([]);
      const snapshot = before[index];
      if (snapshot !== undefined) await expectRestored(host, snapshot, { ignore: IGNORE });
    }
  }

  test('pods reach each other across nodes, by every address, in packets as large as they may be', async () => {
    const pods = await Promise.all(cluster.nodes.map((node) => add(node, `pod${node.number}`)));
    for (const from of pods) {
      for (const to of pods) {
        if (from === to) continue;
        const { mtu } = from.node.subnets;
        expect(await pings(from.pod, to.ipv4)).toBe(true);
        expect(await pings(from.pod, to.ipv4, '-M', 'do', '-s', String(mtu - 28))).toBe(true);
        expect(await pings(from.pod, to.ipv4, '-M', 'do', '-s', String(mtu - 27))).toBe(false);
        if (to.ipv6 === undefined) continue;
        expect(await pings(from.pod, to.ipv6)).toBe(true);
        expect(await pings(from.pod, to.ipv6, '-M', 'do', '-s', String(mtu - 48))).toBe(true);
        expect(await pings(from.pod, to.ipv6, '-M', 'do', '-s', String(mtu - 47))).toBe(false);
      }
      expect(await pings(from.pod, from.node.ipv4)).toBe(true);
    }
    await Promise.all(pods.map(remove));
    await expectNothingLeft();
  });

  test('a server is reached from pods as themselves, and through its host port from everywhere', async () => {
    const [first, second] = cluster.nodes;
    if (first === undefined || second === undefined) throw new Error('there are no nodes');
    const portMappings = [{ hostPort: HOST_PORT, containerPort: PORT, protocol: 'tcp' }];
    const server = await add(first, 'server', { portMappings });
    const neighbour = await add(first, 'neighbour');
    const remote = await add(second, 'remote');
    const program = server.pod.start([process.execPath, '-e', SERVER]);
    while (!program.stdout().includes('ready')) await new Promise((resolve) => setTimeout(resolve, 20));
    const addresses = [
      [server.ipv4, first.ipv4, remote.ipv4, neighbour.ipv4],
      ...(server.ipv6 === undefined ? [] : [[server.ipv6, first.ipv6, remote.ipv6, neighbour.ipv6]]),
    ] as const;
    for (const [own = '', node = '', fromRemote = '', fromNeighbour = ''] of addresses) {
      // flanneld masquerades what leaves the network, and nothing inside it.
      expect(await sourceSeen(remote.pod, own, PORT)).toBe(fromRemote);
      expect(await sourceSeen(neighbour.pod, own, PORT)).toBe(fromNeighbour);
      const isIpv6 = own.includes(':');
      const family = isIpv6 ? /^[\da-f:]+$/ : /^[\d.]+$/;
      expect(await sourceSeen(second.host, node, HOST_PORT)).toBe(isIpv6 ? second.ipv6 : second.ipv4);
      expect(await sourceSeen(remote.pod, node, HOST_PORT)).toMatch(family);
      expect(await sourceSeen(neighbour.pod, node, HOST_PORT)).toMatch(family);
      // Through the bridge's port back to where it came from.
      expect(await sourceSeen(server.pod, node, HOST_PORT)).toMatch(family);
      expect(await sourceSeen(first.host, node, HOST_PORT)).toMatch(family);
    }
    await program.stop();
    await Promise.all([server, neighbour, remote].map(remove));
    const { stdout } = await first.host.run(['sh', '-c', 'iptables-save; ip6tables-save; nft list ruleset']);
    expect(stdout).not.toContain('server');
    await expectNothingLeft();
  });

  test('sixty pods come and go on all nodes at once', async () => {
    const perNode = await Promise.all(
      cluster.nodes.map(async (node) => {
        const pods: ClusterPod[] = [];
        // A kubelet starts several at a time.
        for (let batch = 0; batch < 5; batch++) {
          const ids = [0, 1, 2, 3].map((index) => `n${node.number}-${batch * 4 + index}`);
          pods.push(...(await Promise.all(ids.map((id) => add(node, id)))));
        }
        return pods;
      }),
    );
    const all = perNode.flat();
    expect(new Set(all.map(({ ipv4 }) => ipv4)).size).toBe(60);
    const reached = await Promise.all(
      [0, 7, 19].flatMap((index) =>
        perNode.map((pods, at) => {
          const [from, to] = [pods[index], perNode[(at + 1) % perNode.length]?.[index]];
          return from !== undefined && to !== undefined && pings(from.pod, to.ipv4);
        }),
      ),
    );
    expect(reached).toEqual(Array.from({ length: 9 }, () => true));
    await Promise.all(
      perNode.map(async (pods) => {
        for (let batch = 0; batch < pods.length; batch += 4) {
          await Promise.all(pods.slice(batch, batch + 4).map(remove));
        }
      }),
    );
    await expectNothingLeft();
  });
});
