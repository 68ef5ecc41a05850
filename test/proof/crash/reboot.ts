import { execa } from 'execa';
import type { Host } from '../../netns/harness/host.ts';
import { type Attachment, Runtime } from '../../netns/harness/libcni.ts';
import { callPlugin } from '../../netns/harness/plugin.ts';
import { expectUnchanged, type HostSnapshot, takeSnapshot } from '../../netns/harness/snapshot.ts';
import type { Chain } from './chains.ts';
import { createRebooted } from './node.ts';
import { EMPTY_STORE } from './stays.ts';

const STATE = '/var/lib/cni';

/** A node after a reboot, to which the disk of another can be carried. */
export interface Rebooted {
  /** Carries over what a node's disk has now, fills the ranges, and takes down who was there before and now. */
  expectAllAddresses(from: Host, gone: readonly Attachment[]): Promise<void>;
  dispose(): Promise<void>;
}

/** Makes such a node. */
export async function rebooted(chain: Chain): Promise<Rebooted> {
  const host = await createRebooted(chain);
  const { path: netns } = await host.addPod();
  const conf = { cniVersion: '1.1.0', name: chain.list.name, ipam: chain.ipam };
  const filler = (verb: string, index: number) => {
    const call = { verb, containerId: `filler-${index}`, netns, ifName: 'eth0', conf };
    return callPlugin(host, 'host-local', call);
  };
  const before: HostSnapshot = await takeSnapshot(host, { ignore: EMPTY_STORE });
  let capacity = 0;
  if (chain.ipam !== undefined) {
    while ((await filler('ADD', capacity)).exitCode === 0) capacity += 1;
    for (let index = 0; index < capacity; index++) await filler('DEL', index);
    if (capacity < 3) throw new Error(`${chain.name}: only ${capacity} addresses`);
  }
  const runtime = new Runtime(host, undefined, chain.env);
  return {
    async expectAllAddresses(from, gone) {
      await execa('rm', ['-rf', `${host.root}${STATE}/networks`, `${host.root}${STATE}/flannel`]);
      await execa('cp', ['-a', `${from.root}${STATE}/.`, `${host.root}${STATE}`]);
      const indexes = Array.from({ length: capacity }, (_, index) => index);
      const filled = await Promise.all(indexes.map((index) => filler('ADD', index)));
      const refused = filled.find(({ exitCode }) => exitCode !== 0);
      if (refused !== undefined) throw new Error(`after a reboot: ${refused.stdout}${refused.stderr}`);
      const given = filled.flatMap(({ result }) => result?.ips?.map(({ address }) => address.split('/')[0]) ?? []);
      if (new Set(given).size !== given.length) throw new Error(`after a reboot: given twice: ${given.join(' ')}`);
      // A runtime takes down what it knew of before the boot, and takes nothing from those who came since.
      for (const attachment of gone) await runtime.del(chain.list, attachment, { netns: '', prevResult: false });
      for (const index of indexes) {
        const { exitCode, stdout } = await filler('CHECK', index);
        if (exitCode !== 0) throw new Error(`after a reboot and DEL: ${stdout}`);
      }
      await Promise.all(indexes.map((index) => filler('DEL', index)));
      expectUnchanged(before, await takeSnapshot(host, { ignore: EMPTY_STORE }), 'after a reboot and DEL of all');
    },
    dispose: () => host.dispose(),
  };
}
