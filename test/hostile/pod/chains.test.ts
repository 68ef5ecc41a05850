import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHost, type Host, type Pod } from '../../netns/harness/host.ts';
import { type Attachment, ChainError, Runtime } from '../../netns/harness/libcni.ts';
import type { Conflist } from '../../netns/harness/libcni-conf.ts';
import { expectRestored, type HostSnapshot, takeSnapshot } from '../../netns/harness/snapshot.ts';
import { CHAINS, type Chain, STEADY_IPV6 } from '../../proof/faults-chains.ts';
import { bySize } from '../../proof/size.ts';
import { ATTACKS, type Attack, begin, strike } from './attacks.ts';

/** Longer than this no call may take, whatever a pod does. */
const LONGEST_MS = 5000;

const NEIGHBOUR_LIST: Conflist = {
  cniVersion: '1.1.0',
  name: 'others',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni9',
      isGateway: true,
      ipMasq: true,
      ipam: { type: 'host-local', subnet: '10.9.0.0/24' },
    },
    { type: 'tuning', mtu: 1400 },
  ],
};

/** What an attack destroys in the pod's own hands: a device that was given to it, and the lock files of its network. */
const MAY_CHANGE = [/ spare[01] /, /^file \/(run|var\/lib)\/cni/, / link lan0 /];

/** Of a run that is no full one, each chain has a third of the attacks, and each attack a third of the chains. */
const STRIDE = bySize(3, 1);

const SBR: Chain = {
  title: 'bridge and sbr',
  list: {
    cniVersion: '1.0.0',
    name: 'net',
    plugins: [
      { type: 'bridge', isGateway: true, isDefaultGateway: true, ipam: { type: 'host-local', subnet: '10.1.0.0/24' } },
      { type: 'sbr' },
    ],
  },
};

/** All verbs of all plugins: GC and STATUS came with 1.1.0. */
const NEWEST = [...CHAINS, SBR].map((chain) => ({ ...chain, list: { ...chain.list, cniVersion: '1.1.0' } }));

describe.each(NEWEST.map((chain, at) => [chain.title, chain, at] as const))('%s', (_, chain, at) => {
  const attacks = ATTACKS.filter((_attack, index) => (index + at) % STRIDE === 0);
  let host: Host;
  let neighbour: Pod;
  let before: HostSnapshot;
  beforeAll(async () => {
    host = await createHost('hostile');
    await host.run(['sh', '-c', STEADY_IPV6]);
    await chain.prepare?.(host);
    neighbour = await host.addPod();
    await new Runtime(host).add(NEIGHBOUR_LIST, attachmentOf(neighbour, 'neighbour', 'eth0'));
    // What the first container of a network leaves for those that come stays for all that follows.
    const first = await host.addPod();
    await first.wearIn();
    const runtime = new Runtime(host);
    const attachment = attachmentIn(chain, first, 'first');
    await runtime.add(chain.list, attachment);
    await runtime.delTwice(chain.list, attachment);
    await first.remove();
    before = await takeSnapshot(host, { pods: [neighbour], ignore: MAY_CHANGE });
  });
  afterAll(() => host.dispose());

  test.each(attacks.map((attack) => [attack.title, attack] as const))('%s', async (_title, attack) => {
    const pod = await host.addPod();
    const background = await begin(attack, pod);
    const runtime = new Runtime(host);
    const attachment = attachmentIn(chain, pod, 'hostile');
    const added = await attempt(() => runtime.add(chain.list, attachment));
    if (added === undefined) {
      await strike(attack, pod, attachment.ifName);
      if (attack.spoils !== undefined) await attempt(() => runtime.check(chain.list, attachment));
    }
    await runtime.status(chain.list);
    await runtime.gc(chain.list, [attachment]);
    if (added === undefined && attack.spoils === undefined) {
      expect((await attempt(() => runtime.check(chain.list, attachment)))?.message).toBeUndefined();
    }
    await runtime.del(chain.list, attachment);
    await runtime.delTwice(chain.list, attachment);
    await runtime.gc(chain.list, []);
    await background?.stop();
    const slow = runtime.calls.filter(({ outcome }) => outcome.ms > LONGEST_MS);
    expect(slow.map(({ plugin, verb, outcome }) => `${plugin} ${verb}: ${outcome.ms.toFixed(0)} ms`)).toEqual([]);
    report(chain, attack, runtime, added);
    await expectRestored(host, before, { pods: [neighbour], ignore: MAY_CHANGE });
    await pod.remove();
  });
});

function attachmentOf(pod: Pod, containerId: string, ifName: string): Attachment {
  return { containerId, netns: pod.path, ifName };
}

function attachmentIn(chain: Chain, pod: Pod, containerId: string): Attachment {
  const { capabilities } = chain;
  const attachment = attachmentOf(pod, containerId, chain.ifName ?? 'eth0');
  return capabilities === undefined ? attachment : { ...attachment, capabilities };
}

/** What a plugin refused; a pod may spoil its own ADD and CHECK. */
async function attempt(work: () => Promise<unknown>): Promise<ChainError | undefined> {
  try {
    await work();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof ChainError) return thrown;
    throw thrown;
  }
}

function report(chain: Chain, attack: Attack, runtime: Runtime, added: ChainError | undefined): void {
  const longest = Math.max(...runtime.calls.map(({ outcome }) => outcome.ms));
  const refused = added === undefined ? '' : ` (${added.message})`;
  process.stdout.write(`${chain.title}, ${attack.title}: ${longest.toFixed(0)} ms at the most${refused}\n`);
}
