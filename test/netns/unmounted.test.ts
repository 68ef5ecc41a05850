import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PLUGIN_NAMES } from '../../plugins/names.ts';
import { Runtime } from './harness/libcni.ts';
import type { Conflist } from './harness/libcni-conf.ts';
import { callPlugin } from './harness/plugin.ts';
import { useHost } from './harness/use.ts';

const host = await useHost({ mayStay: [/ \/run\/mount /, / \/var\/lib\/cni\/networks/, / \/run\/cni-ts/] });

const ipam = { type: 'host-local', subnet: '10.1.0.0/24' };

/** What a plugin wants to know to be called at all. */
const CONFIGURATIONS: Readonly<Record<string, object>> = {
  bandwidth: { ingressRate: 1000, ingressBurst: 1000 },
  dhcp: { ipam: { type: 'dhcp', daemonSocketPath: '/run/nobody.sock' } },
  flannel: { delegate: { bridge: 'br0' }, subnetFile: '/run/none.env' },
  'host-device': { device: 'dummy0' },
  'host-local': { ipam },
  ipvlan: { master: 'lan0', ipam },
  macvlan: { master: 'lan0', ipam },
  portmap: { runtimeConfig: { portMappings: [{ hostPort: 80, containerPort: 80, protocol: 'tcp' }] } },
  static: { ipam: { type: 'static', addresses: [{ address: '10.0.0.2/24' }] } },
  tap: { ipam },
  tuning: { sysctl: { 'net.core.somaxconn': '500' } },
  vlan: { master: 'lan0', vlanId: 5, ipam },
  vrf: { vrfname: 'red' },
};

describe('a namespace whose file is left, without the namespace on it', () => {
  test.each(PLUGIN_NAMES)('%s: DEL has nothing to do, ADD refuses', async (type) => {
    await host.run(['touch', '/run/netns/left']);
    const conf = { cniVersion: '1.0.0', name: 'net', type, ...(CONFIGURATIONS[type] ?? { ipam }) };
    const call = { containerId: 'c1', netns: '/run/netns/left', ifName: type === 'loopback' ? 'lo' : 'eth0', conf };
    const { error, exitCode } = await callPlugin(host, type, { verb: 'DEL', ...call });
    expect({ error, exitCode }).toEqual({ error: undefined, exitCode: 0 });
    if (!['host-local', 'static', 'firewall', 'portmap', 'flannel', 'bandwidth'].includes(type)) {
      const add = await callPlugin(host, type, { verb: 'ADD', ...call });
      expect(add.exitCode).not.toBe(0);
    }
    await host.run(['rm', '/run/netns/left']);
  });

  test.each<[string, object]>([
    ['bridge', { type: 'bridge', isGateway: true, ipMasq: true, ipam }],
    ['ptp', { type: 'ptp', ipMasq: true, ipam }],
    ['macvlan', { type: 'macvlan', master: 'lan0', ipam }],
    ['tap', { type: 'tap', ipam }],
  ])('a chain with %s gives everything back', async (_, main) => {
    await host.ip('link add lan0 type veth peer name lan1');
    const list: Conflist = {
      cniVersion: '1.0.0',
      name: 'net',
      plugins: [
        main as { type: string },
        { type: 'portmap', capabilities: { portMappings: true } },
        { type: 'firewall' },
        { type: 'tuning', sysctl: { 'net.core.somaxconn': '500' } },
        { type: 'sbr' },
      ],
    };
    const runtime = new Runtime(host);
    const pod = await host.addPod();
    const capabilities = { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }] };
    const attachment = { containerId: 'c1', netns: pod.path, ifName: 'eth0', capabilities };
    await runtime.add(list, attachment);
    const leases = join(host.root, 'var/lib/cni/networks/net');
    expect(readdirSync(leases).filter((name) => name.startsWith('10.'))).toHaveLength(1);
    await host.run(['umount', pod.path]);
    expect(existsSync(join(host.root, pod.path))).toBe(true);
    await runtime.del(list, attachment);
    expect(readdirSync(leases).filter((name) => name.startsWith('10.'))).toEqual([]);
    const rules = await host.run(['sh', '-c', 'iptables-save; nft list ruleset']);
    expect(rules.stdout).not.toContain('8080');
    await pod.remove();
    await host.run([
      'sh',
      '-c',
      'ip link del lan0; ip link del cni0; nft flush ruleset; iptables -F; iptables -t nat -F',
    ]);
  });
});
