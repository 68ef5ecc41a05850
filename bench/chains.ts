// npm run bench [-- --runs N --check --only NAME]: whole chains beside the reference, in the same run.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { print, style } from '../scripts/lib/print.ts';
import { ROOT } from '../scripts/lib/project.ts';
import { referencePlugins } from '../scripts/lib/reference.ts';
import { nativeRuntime } from '../scripts/lib/runtime.ts';
import { createHost } from '../test/netns/harness/host.ts';
import { PATH } from '../test/netns/harness/place.ts';
import type { ChainRequest, ChainTimes } from './chain-loop.ts';
import { shown, summarize } from './measure.ts';

type ChainPlugins = ChainRequest['chains'][number]['plugins'];

/** A chain and how much of the reference's time its verbs may take. */
interface Chain {
  readonly name: string;
  readonly plugins: ChainPlugins;
  /** What the reference does instead, where it is not one of its plugins that is replaced. */
  readonly reference?: ChainPlugins;
  readonly limits: { readonly ADD?: number; readonly CHECK?: number; readonly DEL?: number };
}

const BUILT = join(ROOT, 'dist/bin');
const VERBS = ['ADD', 'CHECK', 'DEL'] as const;

const IPV4 = { type: 'host-local', ranges: [[{ subnet: '10.88.0.0/16' }]], routes: [{ dst: '0.0.0.0/0' }] };
const DUAL = {
  type: 'host-local',
  ranges: [[{ subnet: '10.88.0.0/16' }], [{ subnet: 'fd00:88::/64' }]],
  routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
};
const masquerading = (ipMasqBackend: string) => ({ ipMasq: true, ipMasqBackend });

/** What flanneld would write on the node, and what flannel makes of it: its peer is the delegate that it configures. */
const SUBNET_ENV = 'FLANNEL_NETWORK=10.64.0.0/10\nFLANNEL_SUBNET=10.88.0.1/16\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n';
const DELEGATE = { hairpinMode: true, isDefaultGateway: true };
const FLANNEL = { type: 'flannel', delegate: DELEGATE };
const FLANNEL_PEER = bridge({
  ...DELEGATE,
  ipMasq: false,
  mtu: 1450,
  ipam: { type: 'host-local', ranges: [[{ subnet: '10.88.0.0/16' }]], routes: [{ dst: '10.64.0.0/10' }] },
});
const PORTMAP = { type: 'portmap' };
const ONE_PORT = portmap('iptables');

const CHAINS: readonly Chain[] = [
  { name: 'plain', plugins: [bridge({ ipam: IPV4 })], limits: { ADD: 1.35 } },
  {
    name: 'masquerade (iptables)',
    plugins: [bridge({ ...masquerading('iptables'), ipam: IPV4 })],
    limits: { ADD: 0.7, DEL: 0.5 },
  },
  {
    name: 'masquerade (nftables)',
    plugins: [bridge({ ...masquerading('nftables'), ipam: IPV4 })],
    limits: { ADD: 0.45 },
  },
  {
    name: 'port map (iptables)',
    plugins: [bridge({ ...masquerading('iptables'), ipam: IPV4 }), portmap('iptables')],
    limits: { ADD: 0.45, DEL: 0.35 },
  },
  {
    name: 'port map (nftables)',
    // The masquerade as above: the reference's own removal of one by nft fails half way on Debian 12.
    plugins: [bridge({ ...masquerading('iptables'), ipam: IPV4 }), portmap('nftables')],
    limits: { ADD: 0.45, DEL: 0.35 },
  },
  { name: 'both families', plugins: [bridge({ ipam: DUAL })], limits: { ADD: 1.35 } },
  {
    name: 'podman, one port',
    plugins: [
      bridge({ ...masquerading('iptables'), ipam: IPV4 }),
      portmap('iptables'),
      { type: 'firewall' },
      { type: 'tuning' },
    ],
    limits: { ADD: 0.45, DEL: 0.3 },
  },
  {
    name: 'flannel, no port',
    plugins: [FLANNEL, PORTMAP],
    reference: [FLANNEL_PEER, PORTMAP],
    limits: { ADD: 1.25 },
  },
  {
    name: 'flannel, one port',
    plugins: [FLANNEL, ONE_PORT],
    reference: [FLANNEL_PEER, ONE_PORT],
    limits: { ADD: 0.5 },
  },
];

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '40' }, check: { type: 'boolean' }, only: { type: 'string' } },
});

await execa('node', ['scripts/run.mjs', 'scripts/build.ts'], { cwd: ROOT });
const reference = await referencePlugins();
const scratch = mkdtempSync(join(ROOT, 'dist/chains-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
const wanted = CHAINS.filter(({ name }) => values.only === undefined || name.includes(values.only));
print(style('bold', `${'median ms'.padEnd(26)}      ours   reference   paired ratio`));
let isOver = false;
for (const chain of wanted) {
  const [ours, theirs] = await timesOf(chain);
  if (ours === undefined || theirs === undefined) throw new Error(`${chain.name} was not measured`);
  for (const verb of VERBS) {
    const own = summarize(ours[verb], theirs[verb]);
    const other = summarize(theirs[verb], theirs[verb]);
    const limit = chain.limits[verb];
    isOver ||= limit !== undefined && own.ratio > limit;
    const figures = [shown(own.median).padStart(10), shown(other.median).padStart(12), shown(own.ratio).padStart(15)];
    print(`${`${chain.name} ${verb}`.padEnd(26)}${figures.join('')}  ${verdict(own.ratio, limit)}`);
    if (theirs.failed[verb] !== undefined) print(style('dim', `  the reference fails: ${theirs.failed[verb]}`));
    if (ours.failed[verb] !== undefined) throw new Error(`${chain.name} ${verb} failed: ${ours.failed[verb]}`);
  }
}
print(
  `\n${values.runs} rounds, both suites in turn; whole processes, one after another, in a host and a pod of their own.`,
);
process.exitCode = values.check === true && isOver ? 1 : 0;

function bridge(conf: object) {
  return { type: 'bridge', isGateway: true, ...conf };
}

function portmap(backend: string) {
  const portMappings = [{ hostPort: 18088, containerPort: 80, protocol: 'tcp' }];
  return { type: 'portmap', backend, runtimeConfig: { portMappings } };
}

async function timesOf(chain: Chain): Promise<readonly ChainTimes[]> {
  const host = await createHost('bench');
  try {
    const pod = await host.addPod();
    const chains = [
      { name: 'ours', folder: BUILT, plugins: chain.plugins },
      { name: 'theirs', folder: reference, plugins: chain.reference ?? chain.plugins },
    ].map(({ name, folder, plugins }, index) => ({
      folder,
      network: name,
      cniVersion: '1.0.0',
      plugins: plugins.map((plugin) => renumbered(onBridge(plugin, `br-${name}`), index)),
    }));
    mkdirSync(`${host.root}/run/flannel`);
    writeFileSync(`${host.root}/run/flannel/subnet.env`, SUBNET_ENV);
    const request: ChainRequest = { chains, rounds: Number(values.runs), netns: pod.path, path: PATH, scratch };
    const { exitCode, stdout, stderr } = await host.run([nativeRuntime(), join(ROOT, 'bench/chain-loop.ts')], {
      stdin: JSON.stringify(request),
      timeoutMs: 600_000,
    });
    if (exitCode !== 0) throw new Error(`${chain.name}: ${stderr}`);
    return JSON.parse(stdout) as ChainTimes[];
  } finally {
    await host.dispose();
  }
}

/** A bridge for each suite: what one notes about its own must not slow the other. */
function onBridge(plugin: ChainPlugins[number], name: string): ChainPlugins[number] {
  if (plugin.type === 'bridge') return { ...plugin, bridge: name };
  return plugin.type === 'flannel' ? { ...plugin, delegate: { ...DELEGATE, bridge: name } } : plugin;
}

/** The second suite's bridge has a network of its own. */
function renumbered<T>(plugin: T, index: number): T {
  if (index === 0) return plugin;
  return JSON.parse(
    JSON.stringify(plugin)
      .replaceAll('10.88.', '10.89.')
      .replaceAll('fd00:88:', 'fd00:89:')
      .replaceAll('18088', '18089'),
  ) as T;
}

function verdict(ratio: number, limit: number | undefined): string {
  if (limit === undefined) return '';
  return ratio <= limit ? style('green', `pass (≤ ${limit})`) : style('red', `FAIL (> ${limit})`);
}
