// npm run bench:portmap [-- --runs N --pods 0,200,1000 --only BACKEND]: one more port on a node that has many of them,
// beside the reference.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { driver } from '../scripts/lib/driver.ts';
import { print, style } from '../scripts/lib/print.ts';
import { ROOT } from '../scripts/lib/project.ts';
import { referencePlugins } from '../scripts/lib/reference.ts';
import type { TimedProgram } from '../scripts/lib/timed-run.ts';
import { createHost, type Host } from '../test/netns/harness/host.ts';
import { PATH } from '../test/netns/harness/place.ts';
import { shown, summarize } from './measure.ts';
import type { FillRequest } from './portmap-fill.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' },
    pods: { type: 'string', default: '0,200,1000' },
    only: { type: 'string' },
  },
});
const BACKENDS = ['iptables', 'nftables'].filter((backend) => (values.only ?? backend) === backend);
const POPULATIONS = values.pods.split(',').map(Number);
/** The measured container's number: beyond all others. */
const MEASURED = 40_000;
/** Runs of one suite before it is the other one's turn. */
const BLOCKS = 4;

/** A node of a suite, with the ports of so many containers. */
interface Node {
  readonly host: Host;
  readonly file: string;
  readonly netns: string;
  readonly times: { readonly ADD: number[]; readonly DEL: number[] };
}

await execa('node', ['scripts/run.mjs', 'scripts/build.ts'], { cwd: ROOT });
const files = [join(ROOT, 'dist/bin/portmap'), join(await referencePlugins(), 'portmap')];
for (const file of files) if (!existsSync(file)) throw new Error(`there is no ${file}: this measures portmap`);
const scratch = mkdtempSync(join(ROOT, 'dist/portmap-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));

print(style('bold', `${'median ms'.padEnd(30)}      ours   reference   ratio`));
for (const backend of BACKENDS) for (const pods of POPULATIONS) await compare(backend, pods);
print(
  `\n${values.runs} rounds, in blocks in turn; whole processes, each suite on a host with the ports of its own pods.`,
);

async function compare(backend: string, pods: number): Promise<void> {
  const nodes: Node[] = [];
  try {
    for (const file of files) nodes.push(await fill(file, backend, pods));
    for (let block = 0; block < BLOCKS; block++) for (const node of nodes) await run(node, backend);
    for (const verb of ['ADD', 'DEL'] as const) {
      const [ours = Number.NaN, theirs = Number.NaN] = nodes.map(({ times }) => summarize(times[verb], []).median);
      const figures = [shown(ours).padStart(10), shown(theirs).padStart(12), shown(ours / theirs).padStart(8)];
      print(`${`${backend}, ${pods} pods, ${verb}`.padEnd(30)}${figures.join('')}`);
    }
  } finally {
    await Promise.all(nodes.map(({ host }) => host.dispose()));
  }
}

async function fill(file: string, backend: string, pods: number): Promise<Node> {
  const host = await createHost('bench');
  const pod = await host.addPod();
  // Nobody is there, but there has to be a way to them.
  await host.ip(`link add name pods type veth peer name eth0 netns ${pod.path}`);
  await host.ip('addr add 10.88.0.1/16 dev pods');
  await host.ip('link set dev pods up');
  const calls = Array.from({ length: pods }, (_, index) => ({
    env: environment('ADD', index, pod.path),
    stdin: configuration(backend, index),
  }));
  const request: FillRequest = { file, calls };
  await succeed(host, [await driver('bench/portmap-fill.ts')], JSON.stringify(request));
  return { host, file, netns: pod.path, times: { ADD: [], DEL: [] } };
}

/** One container up and down, a block of times. */
async function run({ host, file, netns, times }: Node, backend: string): Promise<void> {
  const stdin = join(scratch, 'in');
  writeFileSync(stdin, configuration(backend, MEASURED));
  const commands: TimedProgram[] = (['ADD', 'DEL'] as const).map((verb) => ({
    file,
    env: environment(verb, MEASURED, netns),
    stdin,
  }));
  const request = { commands, rounds: Math.ceil(Number(values.runs) / BLOCKS), inOrder: true };
  const stdout = await succeed(host, [await driver('bench/spawn-loop.ts')], JSON.stringify(request));
  const [add = [], del = []] = JSON.parse(stdout) as number[][];
  times.ADD.push(...add);
  times.DEL.push(...del);
}

async function succeed(host: Host, argv: readonly string[], stdin: string): Promise<string> {
  const { exitCode, stdout, stderr } = await host.run(argv, { stdin, timeoutMs: 1_800_000 });
  if (exitCode !== 0) throw new Error(`${argv.at(-1)}: ${stderr}`);
  return stdout;
}

function environment(verb: string, index: number, netns: string): Readonly<Record<string, string>> {
  return {
    PATH,
    CNI_COMMAND: verb,
    CNI_CONTAINERID: `pod-${index}`,
    CNI_NETNS: netns,
    CNI_IFNAME: 'eth0',
    CNI_PATH: join(ROOT, 'dist/bin'),
  };
}

/** As the runtime sends it to the last plugin of a chain. */
function configuration(backend: string, index: number): string {
  const address = `10.88.${(index + 2) >> 8}.${(index + 2) & 255}/16`;
  return JSON.stringify({
    cniVersion: '1.0.0',
    name: 'bench',
    type: 'portmap',
    backend,
    runtimeConfig: { portMappings: [{ hostPort: 10_000 + index, containerPort: 80, protocol: 'tcp' }] },
    prevResult: {
      cniVersion: '1.0.0',
      interfaces: [{ name: 'eth0', sandbox: '/run/netns/pod' }],
      ips: [{ interface: 0, address }],
    },
  });
}
