// Takes containers up and down through chains of plugins and prints how long each verb took, in nanoseconds; started by
// chains.ts inside a host, as an executable of its own. stdin: a ChainRequest.
import { readStdin } from '../pkg/sys/files/stdin.ts';
import { writeOut } from '../pkg/sys/files/write-out.ts';
import { pause } from './pause.ts';
import { callPlugin } from './plugin-call.ts';

/** One chain, carried out by the plugins of one folder. */
export interface TimedChain {
  readonly folder: string;
  readonly network: string;
  readonly cniVersion: string;
  readonly plugins: readonly Readonly<Record<string, unknown> & { type: string }>[];
}

/** What chains.ts asks for. */
export interface ChainRequest {
  readonly chains: readonly TimedChain[];
  readonly rounds: number;
  readonly netns: string;
  readonly path: string;
  /** Where stdin and stdout of the plugins are kept: files, because pipes would be part of the time. */
  readonly scratch: string;
}

/** Times of one chain, one element for each round. */
export interface ChainTimes {
  readonly ADD: number[];
  readonly CHECK: number[];
  readonly DEL: number[];
  /** Calls that ended with another status than 0. */
  failed: Partial<Record<'ADD' | 'CHECK' | 'DEL', string>>;
}

const request: ChainRequest = JSON.parse(await readStdin());
const times: ChainTimes[] = request.chains.map(() => ({ ADD: [], CHECK: [], DEL: [], failed: {} }));
// Rounds that do not count: bridges are made, files come into the page cache.
const WARM_UP = 5;
for (let round = -WARM_UP; round < request.rounds; round++) {
  for (let turn = 0; turn < request.chains.length; turn++) {
    // The order alternates, so that none always runs in the wake of the same other one.
    const index = round % 2 === 0 ? turn : request.chains.length - 1 - turn;
    const [chain, own] = [request.chains[index], times[index]];
    if (chain === undefined || own === undefined) continue;
    const took = await takeUpAndDown(chain, own);
    if (round < 0) continue;
    own.ADD.push(took.ADD);
    own.CHECK.push(took.CHECK);
    own.DEL.push(took.DEL);
  }
}
await writeOut('stdout', JSON.stringify(times));

async function takeUpAndDown(chain: TimedChain, own: ChainTimes): Promise<Record<'ADD' | 'CHECK' | 'DEL', number>> {
  await pause();
  let result: unknown;
  let add = 0;
  for (const plugin of chain.plugins) {
    const called = call('ADD', chain, plugin, result, own);
    add += called.nanoseconds;
    result = JSON.parse(called.stdout);
  }
  const sum = (verb: 'CHECK' | 'DEL', plugins: typeof chain.plugins) =>
    plugins.reduce((total, plugin) => total + call(verb, chain, plugin, result, own).nanoseconds, 0);
  await pause();
  const check = sum('CHECK', chain.plugins);
  await pause();
  return { ADD: add, CHECK: check, DEL: sum('DEL', [...chain.plugins].reverse()) };
}

function call(
  verb: 'ADD' | 'CHECK' | 'DEL',
  { folder, network, cniVersion }: TimedChain,
  plugin: Readonly<Record<string, unknown> & { type: string }>,
  prevResult: unknown,
  own: ChainTimes,
): { nanoseconds: number; stdout: string } {
  const conf = JSON.stringify({ ...plugin, cniVersion, name: network, ...(prevResult ? { prevResult } : {}) });
  const env = {
    PATH: request.path,
    CNI_COMMAND: verb,
    CNI_CONTAINERID: 'measured',
    CNI_NETNS: request.netns,
    CNI_IFNAME: 'eth0',
    CNI_PATH: folder,
  };
  const file = `${folder}/${plugin.type}`;
  const { nanoseconds, status, stdout } = callPlugin({ file, conf, env, scratch: request.scratch });
  if (status !== 0) own.failed[verb] ??= stdout.replace(/\s+/g, ' ');
  return { nanoseconds, stdout };
}
