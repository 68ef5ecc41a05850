import { expect, test } from 'vitest';
import { ATTACKS, begin, strike } from '../hostile/pod/attacks.ts';
import { createHost } from '../netns/harness/host.ts';
import { Runtime } from '../netns/harness/libcni.ts';
import type { Conflist, PluginEntry } from '../netns/harness/libcni-conf.ts';

/** In five seconds of an ordinary machine: this one is ten times slower. */
const LONGEST_MS = 50_000;

const IPAM = { type: 'host-local', subnet: '10.1.0.0/24' };

/** Kinds of links that the tests' own kernel may not have. */
const LISTS: readonly (readonly PluginEntry[])[] = [
  [{ type: 'dummy', ipam: IPAM }],
  [{ type: 'ipvlan', master: 'lan0', ipam: IPAM }],
  [{ type: 'vlan', master: 'lan0', vlanId: 5, ipam: IPAM }],
  [
    { type: 'ptp', ipam: IPAM },
    { type: 'vrf', vrfname: 'red' },
  ],
];

/** Those that do not need a fast machine. */
const CHOSEN = ATTACKS.filter(({ title }) => /names|deleted|in the kernel/.test(title));

test.each(LISTS.map((plugins) => [plugins.at(-1)?.type ?? '', plugins] as const))(
  'a hostile pod: %s',
  async (_, plugins) => {
    const host = await createHost('hostile');
    try {
      await host.ip('link add lan0 type veth peer name lan1');
      await host.ip('link set dev lan0 up');
      const list: Conflist = { cniVersion: '1.1.0', name: 'net', plugins };
      for (const attack of CHOSEN) {
        const pod = await host.addPod();
        const background = await begin(attack, pod);
        const runtime = new Runtime(host);
        const attachment = { containerId: 'hostile', netns: pod.path, ifName: 'eth0' };
        await runtime.add(list, attachment).then(
          () => strike(attack, pod, 'eth0'),
          () => undefined,
        );
        await runtime.check(list, attachment).catch(() => undefined);
        await runtime.gc(list, [attachment]);
        await runtime.delTwice(list, attachment);
        await background?.stop();
        const slow = runtime.calls.filter(({ outcome }) => outcome.ms > LONGEST_MS);
        expect(slow.map(({ plugin, verb, outcome }) => `${attack.title}: ${plugin} ${verb} ${outcome.ms}`)).toEqual([]);
        await pod.remove();
      }
      const { stdout } = await host.run(['sh', '-c', 'ls /var/lib/cni/networks/net | grep -c ^10; ls /sys/class/net']);
      expect(stdout.split('\n').filter(Boolean)).toEqual(['0', 'lan0', 'lan1', 'lo']);
    } finally {
      await host.dispose();
    }
  },
);
