import { setTimeout } from 'node:timers/promises';
import { connect } from '../harness/connect.ts';
import { createHost, type Host } from '../harness/host.ts';
import { type NodeSubnets, writeSubnets } from './support.ts';

/** How flanneld gets packets to other nodes. */
export type Backend = 'vxlan' | 'host-gw';

/** One node of a cluster. */
export interface ClusterNode {
  readonly host: Host;
  /** Counted from 1; it is in all of its addresses. */
  readonly number: number;
  readonly ipv4: string;
  readonly ipv6: string;
  readonly subnets: NodeSubnets & { readonly mtu: number };
}

/** Nodes on one switch, on which flannel runs. */
export interface Cluster {
  readonly nodes: readonly ClusterNode[];
  dispose(): Promise<void>;
}

/** What the outer header of a tunnelled packet takes: more where the outside is IPv6. */
const OVERHEAD = { ipv4: 50, ipv6: 70 };
const NUMBERS = [1, 2, 3] as const;

/** Makes three nodes, and does on each what flanneld does with this backend. */
export async function createCluster(backend: Backend, isDual: boolean): Promise<Cluster> {
  const exchange = await createHost('switch');
  await exchange.ip('link add name sw0 type bridge');
  await exchange.ip('link set dev sw0 up');
  const overhead = backend === 'host-gw' ? 0 : isDual ? OVERHEAD.ipv6 : OVERHEAD.ipv4;
  const nodes: ClusterNode[] = [];
  for (const number of NUMBERS) {
    const host = await createHost(`node${number}`);
    const [ipv4, ipv6] = [`192.0.2.${number}`, `2001:db8::${number}`];
    const addresses = [`${ipv4}/24`, `${ipv6}/64`];
    await connect({ host, link: 'eth0', addresses }, { host: exchange, link: `port${number}` });
    await exchange.ip(`link set dev port${number} master sw0`);
    const six = { network6: 'fd00:10:244::/56', subnet6: `fd00:10:244:${number}::1/64` };
    const subnets = {
      network: '10.244.0.0/16',
      subnet: `10.244.${number}.1/24`,
      ...(isDual ? six : {}),
      mtu: 1500 - overhead,
    };
    nodes.push({ host, number, ipv4, ipv6, subnets });
  }
  await Promise.all(nodes.map((node) => runFlannel(node, backend, isDual)));
  await Promise.all(nodes.map(({ host }) => settle(host)));
  return {
    nodes,
    async dispose() {
      await Promise.all([exchange, ...nodes.map(({ host }) => host)].map((host) => host.dispose()));
    },
  };
}

/** Forwarding makes routes of its own, and an address that the kernel makes up is there only after a second or two. */
async function settle(host: Host): Promise<void> {
  await host.run([
    'sh',
    '-c',
    'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding',
  ]);
  while ((await host.ip('-6 addr show tentative')) !== '') await setTimeout(100);
}

async function runFlannel(node: ClusterNode, backend: Backend, isDual: boolean): Promise<void> {
  const families = isDual ? ([4, 6] as const) : ([4] as const);
  for (const family of families) {
    await (backend === 'vxlan' ? makeTunnel(node, family) : makeRoutes(node, family));
    await makeRules(node, family);
  }
  writeSubnets(node.host, node.subnets);
}

/** The subnet of a node without its length: the address that stands for the node inside the tunnel. */
function base(number: number, family: 4 | 6): string {
  return family === 4 ? `10.244.${number}.0` : `fd00:10:244:${number}::`;
}

function macOf(number: number, family: 4 | 6): string {
  return `0e:00:00:00:0${family}:0${number}`;
}

async function makeTunnel({ host, number, ipv4, ipv6 }: ClusterNode, family: 4 | 6): Promise<void> {
  const [link, local, own, mtu] =
    family === 4 ? ['flannel.1', ipv4, 32, 1500 - OVERHEAD.ipv4] : ['flannel-v6.1', ipv6, 128, 1500 - OVERHEAD.ipv6];
  await host.ip(
    `link add name ${link} address ${macOf(number, family)} mtu ${mtu} type vxlan id 1 dev eth0 local ${local} dstport 8472 nolearning`,
  );
  await host.ip(`addr add ${base(number, family)}/${own} dev ${link}${family === 6 ? ' nodad' : ''}`);
  await host.ip(`link set dev ${link} up`);
  for (const other of NUMBERS) {
    if (other === number) continue;
    const [via, mac] = [base(other, family), macOf(other, family)];
    const outside = local.replace(/\d+$/, String(other));
    await host.ip(`neigh replace ${via} lladdr ${mac} dev ${link} nud permanent`);
    const fdb = ['bridge', 'fdb', 'append', mac, 'dev', link, 'dst', outside, 'self', 'permanent'];
    const { exitCode, stderr } = await host.run(fdb);
    if (exitCode !== 0) throw new Error(stderr);
    await host.ip(`route replace ${via}/${family === 4 ? 24 : 64} via ${via} dev ${link} onlink`);
  }
}

async function makeRoutes({ host, number, ipv4, ipv6 }: ClusterNode, family: 4 | 6): Promise<void> {
  for (const other of NUMBERS) {
    if (other === number) continue;
    const via = (family === 4 ? ipv4 : ipv6).replace(/\d+$/, String(other));
    await host.ip(`route replace ${base(other, family)}/${family === 4 ? 24 : 64} via ${via} dev eth0`);
  }
}

/** What flanneld adds with --ip-masq and with its rules for forwarding. */
async function makeRules({ host, number }: ClusterNode, family: 4 | 6): Promise<void> {
  const [all, own, multicast] =
    family === 4
      ? ['10.244.0.0/16', `10.244.${number}.0/24`, '224.0.0.0/4']
      : ['fd00:10:244::/56', `fd00:10:244:${number}::/64`, 'ff00::/8'];
  const comment = '-m comment --comment "flanneld masq"';
  const rules = `*nat
:FLANNEL-POSTRTG - [0:0]
-A POSTROUTING ${comment} -j FLANNEL-POSTRTG
-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 ${comment} -j RETURN
-A FLANNEL-POSTRTG -s ${own} -d ${all} ${comment} -j RETURN
-A FLANNEL-POSTRTG -s ${all} -d ${own} ${comment} -j RETURN
-A FLANNEL-POSTRTG ! -s ${all} -d ${own} ${comment} -j RETURN
-A FLANNEL-POSTRTG -s ${all} ! -d ${multicast} ${comment} -j MASQUERADE
-A FLANNEL-POSTRTG ! -s ${all} -d ${all} ${comment} -j MASQUERADE
COMMIT
*filter
:FLANNEL-FWD - [0:0]
-P FORWARD DROP
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A FLANNEL-FWD -s ${all} -j ACCEPT
-A FLANNEL-FWD -d ${all} -j ACCEPT
COMMIT
`;
  const program = family === 4 ? 'iptables-restore' : 'ip6tables-restore';
  const { exitCode, stderr } = await host.run([program, '--noflush'], { stdin: rules });
  if (exitCode !== 0) throw new Error(stderr);
}
