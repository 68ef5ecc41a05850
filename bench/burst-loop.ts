// Takes many containers up at once and down at once, each through a whole chain of plugins, and prints how long all of
// them took, in nanoseconds; started by burst.ts inside a host, as an executable of its own. stdin: a BurstRequest.

import { readStdin } from '../pkg/sys/files/stdin.ts';
import { writeOut } from '../pkg/sys/files/write-out.ts';
import { runProcess } from '../pkg/sys/process/process.ts';
import type { TimedChain } from './chain-loop.ts';

/** What burst.ts asks for. */
export interface BurstRequest {
  readonly chains: readonly TimedChain[];
  readonly rounds: number;
  /** One for each container. */
  readonly namespaces: readonly string[];
  readonly path: string;
}

/** Times of one chain, one element for each round, and what the first call that failed said. */
export interface BurstTimes {
  readonly ADD: number[];
  readonly DEL: number[];
  failed: string | undefined;
}

const request: BurstRequest = JSON.parse(await readStdin());
const times: BurstTimes[] = request.chains.map(() => ({ ADD: [], DEL: [], failed: undefined }));
// One round that does not count.
for (let round = -1; round < request.rounds; round++) {
  for (let turn = 0; turn < request.chains.length; turn++) {
    const index = round % 2 === 0 ? turn : request.chains.length - 1 - turn;
    const [chain, own] = [request.chains[index], times[index]];
    if (chain === undefined || own === undefined) continue;
    const results = new Map<string, unknown>();
    const added = await timed((netns, number) => takeUp(chain, own, netns, number, results));
    const removed = await timed((netns, number) => takeDown(chain, own, netns, number, results.get(netns)));
    if (round < 0) continue;
    own.ADD.push(added);
    own.DEL.push(removed);
  }
}
await writeOut('stdout', JSON.stringify(times));

async function timed(work: (netns: string, number: number) => Promise<void>): Promise<number> {
  const start = performance.now();
  await Promise.all(request.namespaces.map(work));
  return Math.round((performance.now() - start) * 1e6);
}

async function takeUp(
  chain: TimedChain,
  own: BurstTimes,
  netns: string,
  number: number,
  results: Map<string, unknown>,
): Promise<void> {
  for (const plugin of chain.plugins) {
    const text = await call('ADD', chain, plugin, netns, number, results.get(netns), own);
    if (text !== undefined) results.set(netns, JSON.parse(text));
  }
}

async function takeDown(
  chain: TimedChain,
  own: BurstTimes,
  netns: string,
  number: number,
  result: unknown,
): Promise<void> {
  for (const plugin of chain.plugins.toReversed()) await call('DEL', chain, plugin, netns, number, result, own);
}

async function call(
  verb: 'ADD' | 'DEL',
  { folder, network, cniVersion }: TimedChain,
  plugin: TimedChain['plugins'][number],
  netns: string,
  number: number,
  prevResult: unknown,
  own: BurstTimes,
): Promise<string | undefined> {
  const conf = { ...numbered(plugin, number), cniVersion, name: network, ...(prevResult ? { prevResult } : {}) };
  const env = {
    PATH: request.path,
    CNI_COMMAND: verb,
    CNI_CONTAINERID: `burst-${number}`,
    CNI_NETNS: netns,
    CNI_IFNAME: 'eth0',
    CNI_PATH: folder,
  };
  const argv = [`${folder}/${plugin.type}`] as const;
  const { status, stdout } = await runProcess({ argv, environment: env, stdin: JSON.stringify(conf) });
  if (status === 0) return stdout;
  own.failed ??= `${verb} ${plugin.type}: ${stdout.replace(/\s+/g, ' ')}`;
  return undefined;
}

/** Every container has ports of its own. */
function numbered<T>(plugin: T, number: number): T {
  return JSON.parse(
    JSON.stringify(plugin).replace(/"hostPort":(\d+)/g, (_, port) => `"hostPort":${+port + 2 * number}`),
  );
}
