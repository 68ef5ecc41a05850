import { randomUUID } from 'node:crypto';
import { connect } from '../../netns/harness/connect.ts';
import { createHost, type Host, type Pod } from '../../netns/harness/host.ts';
import { type Attachment, Runtime } from '../../netns/harness/libcni.ts';
import { BUILT_PLUGINS, type ResultDocument } from '../../netns/harness/plugin.ts';
import { type HostSnapshot, takeSnapshot } from '../../netns/harness/snapshot.ts';
import type { Chain } from './chains.ts';
import { type Flow, talk } from './flow.ts';
import { IGNORED } from './stays.ts';

/** A node on which a chain is killed: with a pod that talks all the time, and one whose calls are killed. */
export interface Node {
  readonly chain: Chain;
  readonly host: Host;
  readonly pod: Pod;
  readonly victim: Attachment;
  readonly bystander: Attachment | undefined;
  readonly flow: Flow | undefined;
  /** Before the victim's first call. */
  readonly before: HostSnapshot;
  /** A runtime that has heard of nobody. */
  runtime(path?: readonly string[]): Runtime;
  /** Fails when the bystander is not as it should be. */
  checkBystander(): Promise<void>;
  dispose(): Promise<void>;
}

/** The version before CHECK. */
export const HAS_NO_CHECK = '0.3.1';

/** Makes such a node. */
export async function createNode(chain: Chain): Promise<Node> {
  const host = await createHost('crash');
  const outside = await createHost('outside');
  const dispose = async () => {
    await Promise.all([host.dispose(), outside.dispose()]);
  };
  try {
    await connect(
      { host, link: 'uplink', addresses: ['192.0.2.1/24'] },
      { host: outside, link: 'eth0', addresses: ['192.0.2.2/24'] },
    );
    await chain.prepare?.(host);
    const runtime = (path = [BUILT_PLUGINS] as readonly string[]) => new Runtime(host, path, chain.env);
    const pod = await host.addPod();
    await pod.wearIn();
    const { capabilities } = chain;
    const victim = { containerId: 'victim', netns: pod.path, ifName: 'eth0', ...(capabilities && { capabilities }) };
    const node = { chain, host, pod, victim, runtime, dispose };
    if (chain.isFirst) {
      const before = await lookAt(host, pod);
      return { ...node, before, bystander: undefined, flow: undefined, async checkBystander() {} };
    }
    const first = runtime();
    await first.add(chain.list, victim);
    await first.del(chain.list, victim);
    const other = await addBystander(chain, host, outside, first);
    return { ...node, ...other, before: await lookAt(host, pod) };
  } catch (thrown) {
    await dispose();
    throw thrown;
  }
}

/** What is on a node and in the victim's namespace. */
export function lookAt(host: Host, pod: Pod): Promise<HostSnapshot> {
  return takeSnapshot(host, { pods: [pod], ignore: IGNORED });
}

async function addBystander(chain: Chain, host: Host, outside: Host, runtime: Runtime) {
  const pod = await host.addPod();
  const portMappings = [{ hostPort: 8000, containerPort: 8000, protocol: 'tcp' }];
  const capabilities = chain.capabilities === undefined ? {} : { capabilities: { portMappings } };
  const bystander: Attachment = { containerId: 'bystander', netns: pod.path, ifName: 'eth0', ...capabilities };
  const list = chain.bystanderList ?? chain.list;
  const result = await runtime.add(list, bystander);
  const checkBystander = async () => {
    if (list.cniVersion === HAS_NO_CHECK) return;
    await runtime.check(list, bystander).catch((thrown: unknown) => {
      throw new Error(`the bystander: ${String(thrown)}`);
    });
  };
  return { bystander, flow: await talking(chain, host, outside, pod, result), checkBystander };
}

async function talking(
  { talks }: Chain,
  host: Host,
  outside: Host,
  pod: Pod,
  result: ResultDocument | undefined,
): Promise<Flow | undefined> {
  // Where the plugin gives none, it is the address of the test's own link.
  const { gateway = '10.1.0.1', address = '' } = result?.ips?.[0] ?? {};
  if (talks === 'to its gateway') return talk(pod, host, gateway, 8000);
  if (talks === 'to the outside') return talk(pod, outside, '192.0.2.2', 8000);
  if (talks === 'by a host port') return talk(outside, pod, '192.0.2.1', 8000);
  // A pod whose routes depend on its own address does not know where to begin.
  if (talks === 'when its host asks') return talk(host, pod, address.replace(/\/.*/, ''), 8000);
  return undefined;
}

/** A node after a reboot: nothing is there but what a disk keeps, and the kernel says that it is another boot. */
export async function createRebooted(chain: Chain): Promise<Host> {
  const host = await createHost('rebooted');
  const script = [
    'mkdir /var/lib/boot',
    `echo ${randomUUID()} >/var/lib/boot/id`,
    'mount --bind /var/lib/boot/id /proc/sys/kernel/random/boot_id',
    'rm -rf /run/mount',
  ];
  const { exitCode, stderr } = await host.run(['sh', '-ec', script.join('\n')]);
  if (exitCode !== 0) throw new Error(stderr);
  await chain.prepare?.(host);
  return host;
}
