// npm run bench:peers [-- --runs N --check]: beside what a podman user has instead of CNI plugins, netavark, in the same run.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { driver } from '../scripts/lib/driver.ts';
import { type Netavark, newerNetavark, olderNetavark } from '../scripts/lib/netavark.ts';
import { print, style } from '../scripts/lib/print.ts';
import { ROOT } from '../scripts/lib/project.ts';
import { createHost, type Host, type Pod } from '../test/netns/harness/host.ts';
import { PATH } from '../test/netns/harness/place.ts';
import { CHAINS, type ChainPlugins, ofOurs } from './chain-table.ts';
import { shown, summarize, verdict } from './measure.ts';
import { type Attachment, type Call, chainJob, type Job, netavarkJob, stdinOf } from './peer-jobs.ts';
import type { PeerRequest, PeerTimes } from './peer-loop.ts';

/** Whoever does the job. */
interface Contender {
  readonly name: string;
  readonly isOurs: boolean;
  /** What it is told for a container. */
  job(attachment: Attachment): Job;
}

/** A host with a contender's network on it. */
interface Place {
  readonly host: Host;
  readonly job: Job;
}

const STEPS = ['setup', 'teardown'] as const;
/** How much of a peer's time ours may take. */
const LIMITS = { setup: 0.4, teardown: 0.45 } as const;
const CHAIN = 'podman, one port';
/** The network's first container, and the one that comes and goes. */
const RESIDENT = { containerId: 'a'.repeat(64), address: '10.88.0.2', hostPort: 18087 };
const MEASURED = { containerId: 'b'.repeat(64), address: '10.88.0.3', hostPort: 18088 };

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '40' }, check: { type: 'boolean' } },
});

await execa('node', ['scripts/run.mjs', 'scripts/build.ts'], { cwd: ROOT });
const scratch = mkdtempSync(join(ROOT, 'dist/peers-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
const plugins = CHAINS.find(({ name }) => name === CHAIN)?.plugins ?? [];
const contenders = [
  ours('iptables', plugins),
  ours('nftables', plugins.map(byNftables)),
  theirs(await olderNetavark()),
  theirs(await newerNetavark()),
];
const times = await measured(contenders);
const heads = ['ours', 'theirs', 'ratio'];
print(style('bold', 'median ms'.padEnd(52) + heads.map((head) => head.padStart(10)).join('')));
let isOver = false;
for (const own of times.filter(({ isOurs }) => isOurs)) {
  for (const other of times.filter(({ isOurs }) => !isOurs)) {
    for (const step of STEPS) {
      const { median, ratio } = summarize(own.times[step], other.times[step]);
      const figures = [median, summarize(other.times[step], []).median, ratio].map((value) =>
        shown(value).padStart(10),
      );
      const limit = LIMITS[step];
      isOver ||= ratio > limit;
      print(`${`${step}, ${own.name}, ${other.name}`.padEnd(52)}${figures.join('')}  ${verdict(ratio, limit)}`);
    }
  }
}
print(`\n${values.runs} rounds, all in turn, each on a host of its own; whole processes, plugins of a chain added up.`);
process.exitCode = values.check === true && isOver ? 1 : 0;

function ours(backend: string, chain: ChainPlugins): Contender {
  return { name: `ours (${backend})`, isOurs: true, job: (attachment) => chainJob(ofOurs(chain), attachment) };
}

function theirs(netavark: Netavark): Contender {
  const name = `netavark ${netavark.version} (${netavark.firewall})`;
  return { name, isOurs: false, job: (attachment) => netavarkJob(netavark, attachment) };
}

function byNftables(plugin: ChainPlugins[number]): ChainPlugins[number] {
  if (plugin.type === 'tuning') return plugin;
  return plugin.type === 'bridge' ? { ...plugin, ipMasqBackend: 'nftables' } : { ...plugin, backend: 'nftables' };
}

async function measured(all: readonly Contender[]): Promise<readonly (Contender & { times: PeerTimes })[]> {
  const places: Place[] = [];
  const hosts: Host[] = [];
  try {
    for (const contender of all) {
      const host = await createHost('bench');
      hosts.push(host);
      places.push(await prepared(contender, host));
    }
    const request: PeerRequest = {
      contenders: places.map(({ host, job }) => ({ host: host.pid, job })),
      rounds: Number(values.runs),
      path: PATH,
      scratch,
    };
    const { stdout } = await execa(await driver('bench/peer-loop.ts'), { input: JSON.stringify(request) });
    const found = JSON.parse(stdout) as PeerTimes[];
    return all.map((contender, index) => ({ ...contender, times: found[index] ?? { setup: [], teardown: [] } }));
  } finally {
    for (const host of hosts) await host.dispose();
  }
}

/**
 * Makes a contender's network, with one container on it that stays: without one netavark makes and removes the bridge and
 * the rules of the network each time, which a chain of plugins leaves there.
 */
async function prepared(contender: Contender, host: Host): Promise<Place> {
  const [home, pod] = [await host.addPod(), await host.addPod()];
  await carryOut(host, 'setup', contender.job({ ...RESIDENT, netns: home.path }));
  const job = contender.job({ ...MEASURED, netns: pod.path });
  const result = await carryOut(host, 'setup', job);
  await confirm(contender, host, pod, true);
  await carryOut(host, 'teardown', job, result);
  await confirm(contender, host, pod, false);
  return { host, job };
}

async function carryOut(host: Host, step: 'setup' | 'teardown', job: Job, before?: unknown): Promise<unknown> {
  let result = before;
  for (const call of job[step]) {
    const stdout = await succeed(host, call, stdinOf(call, job, result));
    if (step === 'setup') result = JSON.parse(stdout);
  }
  return result;
}

async function succeed(host: Host, { file, args, env }: Call, stdin: string): Promise<string> {
  const { exitCode, stdout, stderr } = await host.run([file, ...args], { env, stdin });
  if (exitCode !== 0) throw new Error(`${[file, ...args].join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

/** Throws unless a container's link, address, default route and port are there, or nothing of it is. */
async function confirm({ name }: Contender, host: Host, pod: Pod, isThere: boolean): Promise<void> {
  const { stdout: rules } = await host.run(['nft', 'list', 'ruleset']);
  const found = {
    link: (await pod.ip('-o link show')).includes('eth0'),
    address: (await pod.ip('-o -4 addr show')).includes(` ${MEASURED.address}/16 `),
    route: (await pod.ip('route')).includes('default via 10.88.0.1 dev eth0'),
    port: rules.includes(String(MEASURED.hostPort)),
  };
  for (const [what, is] of Object.entries(found)) {
    if (is !== isThere) throw new Error(`${name}: ${what} is ${is ? 'still' : 'not'} there\n${rules}`);
  }
}
