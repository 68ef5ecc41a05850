import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { driver } from '../scripts/lib/driver.ts';
import { createHost, type Host } from '../test/netns/harness/host.ts';
import { PATH } from '../test/netns/harness/place.ts';
import type { TimedChain } from './chain-loop.ts';
import type { FloorRequest } from './floor-call.ts';
import type { PluginCall } from './plugin-call.ts';
import { STRACE } from './recording.ts';

/** A new host, where numbers of links and generations of rules are those of every other one that was made like it. */
export interface FloorHost {
  /** Makes an older container, and then the calls; gives the nanoseconds that each took. */
  times(calls: readonly PluginCall[]): Promise<readonly number[]>;
  /** What strace sees of the newer container's ADD. */
  trace(): Promise<string>;
  /** What is there for people to see, without what differs from one ADD to the next. */
  state(): Promise<string>;
  dispose(): Promise<void>;
}

/** The containers and the folders of their namespaces: names stand in requests, so they are the same on all hosts. */
const [OLDER, NEWER] = ['older', 'newer'];

/** The measured ADD: the second of its host, so that it finds what all containers share. */
export function addOf(chain: TimedChain, scratch: string): PluginCall {
  return callOf(chain, scratch, NEWER);
}

/** Makes one for a chain of a single plugin. */
export async function createFloorHost(chain: TimedChain, scratch: string): Promise<FloorHost> {
  const host = await createHost('floor');
  for (const name of [OLDER, NEWER]) await host.ip(`netns add ${name}`);
  const times = async (calls: readonly PluginCall[]): Promise<readonly number[]> => {
    const request: FloorRequest = { first: callOf(chain, scratch, OLDER), measured: calls };
    const { exitCode, stdout, stderr } = await host.run([await driver('bench/floor-call.ts')], {
      stdin: JSON.stringify(request),
    });
    if (exitCode !== 0) throw new Error(`${chain.folder}: ${stderr}`);
    return JSON.parse(stdout) as number[];
  };
  return {
    times,
    async trace() {
      await times([]);
      const { file, conf, env } = callOf(chain, scratch, NEWER);
      const trace = join(scratch, 'trace');
      const { exitCode, stdout, stderr } = await host.run([...STRACE, '-o', trace, file], { stdin: conf, env });
      if (exitCode !== 0) throw new Error(`strace ${file}: ${stdout}${stderr}`);
      return readFileSync(trace, 'utf8');
    },
    state: () => stateOf(host),
    dispose: () => host.dispose(),
  };
}

function callOf({ folder, network, cniVersion, plugins }: TimedChain, scratch: string, name: string): PluginCall {
  const [plugin] = plugins;
  if (plugin === undefined || plugins.length > 1) throw new Error(`${network} is not a chain of one plugin`);
  const env = {
    PATH,
    CNI_COMMAND: 'ADD',
    CNI_CONTAINERID: name,
    CNI_NETNS: `/run/netns/${name}`,
    CNI_IFNAME: 'eth0',
    CNI_PATH: folder,
  };
  return {
    file: `${folder}/${plugin.type}`,
    conf: JSON.stringify({ ...plugin, cniVersion, name: network }),
    env,
    scratch,
  };
}

/** Random addresses of links, counters, and when something was saved. */
const PASSING = /(?:[0-9a-f]{2}:){5}[0-9a-f]{2}|packets \d+ bytes \d+|\[\d+:\d+\]|^#.*$/gm;

async function stateOf(host: Host): Promise<string> {
  const looks = [
    `ip -n ${NEWER} -o address show dev eth0 scope global`,
    `ip -n ${NEWER} -o link show dev eth0`,
    `ip -n ${NEWER} route show`,
    'ip -o link show type veth',
    'nft list ruleset',
    'iptables-save -t nat',
    'find /run/cni-ts /var/lib/cni -type f -printf %p\\040%s\\n',
  ];
  const seen: string[] = [];
  for (const look of looks) {
    const { exitCode, stdout, stderr } = await host.run(look.split(' '));
    if (exitCode !== 0) throw new Error(`${look}: ${stderr}`);
    seen.push(`${look}:\n${stdout}`);
  }
  return seen.join('\n').replace(PASSING, '…');
}
