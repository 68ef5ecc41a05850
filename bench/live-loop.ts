// Adds containers, or measures ADD and DEL of one more while those are alive; started by live-pods.ts inside a host, as an
// executable of its own. stdin: a LiveRequest; prints a LiveTimes.
import { readExistingFile } from '../pkg/sys/files/files.ts';
import { readStdin } from '../pkg/sys/files/stdin.ts';
import { writeOut } from '../pkg/sys/files/write-out.ts';
import type { TimedChain } from './chain-loop.ts';
import { callPlugin } from './plugin-call.ts';

/** What live-pods.ts asks for. */
export interface LiveRequest {
  readonly chain: TimedChain;
  /** Where containers are added first, each in a namespace of its own: together in one they would be much slower to answer. */
  readonly crowd: readonly string[];
  /** How many of them there are already. */
  readonly alive: number;
  readonly rounds: number;
  /** Where the one that is measured comes and goes. */
  readonly newcomer: string;
  readonly path: string;
  readonly scratch: string;
}

/** Nanoseconds of each round. */
export interface LiveTimes {
  readonly ADD: readonly number[];
  readonly DEL: readonly number[];
}

interface Attachment {
  readonly containerId: string;
  readonly netns: string;
  readonly ifName: string;
  readonly hostPort: number;
}

const WARM_UP = 2;
/** What a bridge of hundreds of ports does after one came or went is not part of what the next one costs. */
const PAUSE_MS = 250;
/** The host is calm when its bridge gets fewer packets than this in a second; it is waited for at most so long. */
const CALM = { packets: 20, seconds: 90 } as const;
const request: LiveRequest = JSON.parse(await readStdin());
const times = { ADD: [] as number[], DEL: [] as number[] };
for (const [index, netns] of request.crowd.entries()) {
  const number = request.alive + index;
  add({ containerId: `live${number}`, netns, ifName: 'eth0', hostPort: 20000 + number });
}
if (request.crowd.length > 0) await calm(request.chain);
const measured: Attachment = { containerId: 'measured', netns: request.newcomer, ifName: 'eth0', hostPort: 19999 };
for (let round = request.rounds === 0 ? 0 : -WARM_UP; round < request.rounds; round++) {
  await sleep(PAUSE_MS);
  const added = add(measured);
  await sleep(PAUSE_MS);
  const removed = remove(measured, added.result);
  if (round < 0) continue;
  times.ADD.push(added.nanoseconds);
  times.DEL.push(removed);
}
await writeOut('stdout', JSON.stringify(times));

/**
 * Newcomers ask for neighbours and routers for some seconds, and a bridge hands every question to all: after hundreds have
 * come at once that would be measured, not what one more costs.
 */
async function calm({ plugins }: TimedChain): Promise<void> {
  const bridge = String(plugins[0]?.['bridge']);
  let before = packetsOf(bridge);
  for (let second = 0; second < CALM.seconds; second++) {
    await sleep(1000);
    const now = packetsOf(bridge);
    if (now - before < CALM.packets) return;
    before = now;
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** How many packets a link has got so far. */
function packetsOf(link: string): number {
  const line = readExistingFile('/proc/self/net/dev')
    .split('\n')
    .find((text) => text.trim().startsWith(`${link}:`));
  return Number(line?.split(':')[1]?.trim().split(/\s+/)[1]);
}

function add(attachment: Attachment): { nanoseconds: number; result: unknown } {
  let result: unknown;
  let nanoseconds = 0;
  for (const plugin of request.chain.plugins) {
    const called = call('ADD', plugin, attachment, result);
    nanoseconds += called.nanoseconds;
    result = JSON.parse(called.stdout);
  }
  return { nanoseconds, result };
}

function remove(attachment: Attachment, result: unknown): number {
  return [...request.chain.plugins]
    .reverse()
    .reduce((sum, plugin) => sum + call('DEL', plugin, attachment, result).nanoseconds, 0);
}

function call(
  verb: 'ADD' | 'DEL',
  plugin: TimedChain['plugins'][number],
  { containerId, netns, ifName, hostPort }: Attachment,
  prevResult: unknown,
): { nanoseconds: number; stdout: string } {
  const { folder, network, cniVersion } = request.chain;
  const whole = { ...plugin, cniVersion, name: network, ...(prevResult ? { prevResult } : {}) };
  const conf = JSON.stringify(whole).replace(/"hostPort":\d+/, `"hostPort":${hostPort}`);
  const env = {
    PATH: request.path,
    CNI_COMMAND: verb,
    CNI_CONTAINERID: containerId,
    CNI_NETNS: netns,
    CNI_IFNAME: ifName,
    CNI_PATH: folder,
  };
  const file = `${folder}/${plugin.type}`;
  const { nanoseconds, status, stdout } = callPlugin({ file, conf, env, scratch: request.scratch });
  if (status !== 0) throw new Error(`${verb} of ${plugin.type} for ${containerId}: ${stdout}`);
  return { nanoseconds, stdout };
}
