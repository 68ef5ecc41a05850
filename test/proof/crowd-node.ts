import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect } from '../netns/harness/connect.ts';
import { ask, serve } from '../netns/harness/exchange.ts';
import { createHost, type Host, type Pod } from '../netns/harness/host.ts';
import type { Conflist } from '../netns/harness/libcni-conf.ts';
import type { Background, Place } from '../netns/harness/place.ts';
import { BUILT_PLUGINS } from '../netns/harness/plugin.ts';
import { bySize } from './size.ts';

const NODE = '192.0.2.1';

/** How many containers there are at most. */
export const SLOTS = bySize(50, 100);

/** How many addresses each network has: fewer than there are pods. */
export const CAPACITIES: ReadonlyMap<string, number> = new Map([
  ['crowd', SLOTS / 2],
  ['annex', SLOTS / 10],
]);

/** A network on the bridge of all; two of the same name share their addresses as well. */
function listOf(name: string, first: number, backend: string, more: readonly { readonly type: string }[]): Conflist {
  const capacity = CAPACITIES.get(name) ?? 0;
  const ipv4 = {
    subnet: '10.70.0.0/24',
    gateway: '10.70.0.1',
    rangeStart: `10.70.0.${first}`,
    rangeEnd: `10.70.0.${first + capacity - 1}`,
  };
  const ipv6 = { subnet: 'fd00:70::/64', rangeStart: `fd00:70::${first}:0`, rangeEnd: `fd00:70::${first}:ffff` };
  return {
    cniVersion: '1.1.0',
    name,
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni-crowd',
        isDefaultGateway: true,
        ipMasq: true,
        ipMasqBackend: backend,
        hairpinMode: true,
        ipam: { type: 'host-local', ranges: [[ipv4], [ipv6]] },
      },
      { type: 'portmap', backend, capabilities: { portMappings: true } },
      ...more,
    ],
  };
}

/** All networks. */
export const LISTS: readonly [Conflist, ...Conflist[]] = [
  listOf('crowd', 10, 'iptables', [{ type: 'firewall' }, { type: 'tuning' }]),
  listOf('crowd', 10, 'nftables', []),
  listOf('annex', 100, 'iptables', [{ type: 'firewall' }]),
];

/** A place for one container after another. */
export interface Slot {
  readonly number: number;
  pod: Pod;
  /** What its server answers. */
  name: string;
  server: Background;
}

/** A node, and somebody outside who asks for host ports. */
export interface CrowdNode {
  readonly host: Host;
  slot(number: number): Promise<Slot>;
  /** Ends a container; its namespace is gone. */
  kill(slot: Slot): Promise<void>;
  /** Gives a slot a new namespace, in which a server answers to a new name. */
  renew(slot: Slot): Promise<void>;
  /** Who answers at an address of a pod, or at a port of the node, when it is asked from somewhere. */
  answerTo(from: Place | 'outside' | 'node', where: string | number): Promise<string | undefined>;
  dispose(): Promise<void>;
}

/** Makes the node. */
export async function createCrowdNode(): Promise<CrowdNode> {
  const [host, outside] = await Promise.all([createHost('node'), createHost('outside')]);
  await connect(
    { host, link: 'eth0', addresses: [`${NODE}/24`] },
    { host: outside, link: 'eth0', addresses: ['192.0.2.2/24'] },
  );
  let made = 0;
  const inhabit = async () => {
    const pod = await host.addPod();
    made += 1;
    const name = `inhabitant-${made}`;
    return { pod, name, server: await serve(pod, 'tcp', 80, name) };
  };
  return {
    host,
    slot: async (number) => ({ number, ...(await inhabit()) }),
    async kill({ pod, server }) {
      await server.stop();
      await pod.remove();
    },
    async renew(slot) {
      Object.assign(slot, await inhabit());
    },
    async answerTo(from, where) {
      const place = from === 'outside' ? outside : from === 'node' ? host : from;
      const isPort = typeof where === 'number';
      const address = !isPort ? where : from === 'node' ? '127.0.0.1' : NODE;
      const answer = await ask(place, { protocol: 'tcp', address, port: isPort ? where : 80 }, 10);
      return answer?.split(' ')[0];
    },
    async dispose() {
      await Promise.all([host.dispose(), outside.dispose()]);
    },
  };
}

/** The most memory that each process of the suite which runs now has had so far, in KiB. */
export function peaksNow(): readonly number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      if (!readlinkSync(`/proc/${name}/exe`).startsWith(BUILT_PLUGINS)) return [];
      const [, peak] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${name}/status`, 'utf8')) ?? [];
      return peak === undefined ? [] : [Number(peak)];
    } catch {
      return []; // It ended while it was looked at.
    }
  });
}
