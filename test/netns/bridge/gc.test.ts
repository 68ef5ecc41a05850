import { expect, test } from 'vitest';
import { callPlugin } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import { attachmentOf, leasesOn, listOf, SHARED, vethsOn } from './support.ts';

const host = await useHost({ mayStay: SHARED });

const CONFS: readonly (readonly [title: string, conf: object])[] = [
  ['plain', {}],
  ['masquerade by iptables', { ipMasq: true, ipMasqBackend: 'iptables' }],
  ['masquerade by nftables', { ipMasq: true, ipMasqBackend: 'nftables' }],
  ['spoof check', { macspoofchk: true }],
];

function call(verb: string, conf: object, more: object = {}) {
  const [plugin] = listOf(conf).plugins;
  return callPlugin(host, 'bridge', { verb, ...more, conf: { ...plugin, cniVersion: '1.1.0', name: 'net', ...more } });
}

function valid(...containers: readonly string[]): object {
  const attachments = containers.map((containerID) => ({ containerID, ifname: 'eth0' }));
  return { 'cni.dev/valid-attachments': attachments, 'cni.dev/attachments': attachments };
}

for (const losesRecords of [false, true]) {
  test.each(CONFS)(
    `GC keeps what is valid and takes the rest, ${losesRecords ? 'without' : 'with'} records: %s`,
    async (_, conf) => {
      // Rules of the spoof check do not say whose network they are of, so only the record can.
      if (losesRecords && 'macspoofchk' in conf) return;
      const pods = await Promise.all([host.addPod(), host.addPod(), host.addPod()]);
      for (const [index, pod] of pods.entries()) {
        expect((await call('ADD', conf, attachmentOf(pod, `c${index}`))).exitCode).toBe(0);
      }
      const foreign = await host.addPod();
      const other = {
        ...conf,
        name: 'other',
        ipam: { type: 'host-local', subnet: '10.1.0.0/24', dataDir: '/run/other' },
      };
      const [plugin] = listOf(conf).plugins;
      const otherConf = { ...plugin, ...other, cniVersion: '1.1.0' };
      await callPlugin(host, 'bridge', { verb: 'ADD', ...attachmentOf(foreign, 'foreign'), conf: otherConf });
      if (losesRecords) await host.run(['rm', '-rf', '/run/cni-ts']);

      const nothing = await call('GC', conf);
      expect(nothing.exitCode).toBe(0);
      expect(await vethsOn(host)).toHaveLength(4);

      const kept = await call('GC', conf, valid('c1'));
      expect(kept.error).toBeUndefined();
      expect(await vethsOn(host)).toHaveLength(2);
      expect(await leasesOn(host)).toHaveLength(1);
      expect(kept.stderr).toContain('c0');
      expect(kept.stderr).not.toContain('c1');

      expect((await call('GC', conf, valid())).exitCode).toBe(0);
      expect(await vethsOn(host)).toHaveLength(1);
      await callPlugin(host, 'bridge', { verb: 'DEL', ...attachmentOf(foreign, 'foreign'), conf: otherConf });
      await host.run(['rm', '-rf', '/run/other']);
    },
  );
}
