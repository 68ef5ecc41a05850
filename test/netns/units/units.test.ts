import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from '../../../scripts/lib/project.ts';
import { addressOf, call, createNetwork, eventually, leaseFiles, type Network } from '../dhcp/network.ts';
import { type DhcpServer, startIscDhcpd } from '../dhcp/servers.ts';
import { createHost } from '../harness/host.ts';
import { Runtime } from '../harness/libcni.ts';
import { BUILT_PLUGINS } from '../harness/plugin.ts';

const UNITS = join(ROOT, 'deploy/systemd');

/** A node whose first process is Debian's systemd, with the units and plugins where the pages put them. */
const host = await createHost('units', { forSystemd: true });
afterAll(() => host.dispose());
let network: Network;
let server: DhcpServer;
beforeAll(async () => {
  mkdirSync(join(host.root, 'opt/cni/bin'), { recursive: true });
  for (const name of ['cni', 'dhcp']) copyFileSync(join(BUILT_PLUGINS, name), join(host.root, 'opt/cni/bin', name));
  for (const name of readdirSync(UNITS)) copyFileSync(join(UNITS, name), join(host.root, 'etc/systemd/system', name));
  await eventually(async () => expect((await host.run(['systemctl', 'daemon-reload'])).exitCode).toBe(0));
  network = await createNetwork(host);
  server = await startIscDhcpd(network, { lease: 12, renewal: 3 });
});

/** A property of a unit, as systemd has it. */
async function property(unit: string, name: string): Promise<string> {
  return (await host.run(['systemctl', 'show', '--value', '-p', name, unit])).stdout.trim();
}

async function systemctl(...args: string[]): Promise<void> {
  const { exitCode, stderr } = await host.run(['systemctl', ...args]);
  const log = exitCode === 0 ? '' : readFileSync(join(host.root, 'run/systemd.log'), 'utf8');
  expect({ args, exitCode, stderr, log }).toEqual({ args, exitCode: 0, stderr: '', log: '' });
}

/** What the kernel says of the process of a unit. */
async function confinement(unit: string): Promise<Readonly<Record<string, string>>> {
  const { stdout } = await host.run(['cat', `/proc/${await property(unit, 'MainPID')}/status`]);
  return Object.fromEntries(stdout.split('\n').map((line) => line.split(/:\s+/) as [string, string]));
}

const CAPABILITY = { NET_ADMIN: 12, NET_RAW: 13, SYS_PTRACE: 19, SYS_ADMIN: 21 };
const bits = Object.values(CAPABILITY).reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n);

test('systemd finds nothing wrong in any unit', async () => {
  const paths = readdirSync(UNITS).map((name) => `/etc/systemd/system/${name}`);
  const { stdout, stderr, exitCode } = await host.run(['systemd-analyze', 'verify', '--man=no', ...paths]);
  expect({ stdout, stderr, exitCode }).toEqual({ stdout: '', stderr: '', exitCode: 0 });
});

describe('cni-dhcp.service', () => {
  test('leases, prolongs, gives back and restarts, confined', async () => {
    await systemctl('start', 'cni-dhcp.socket');
    // Namespaces that come after its start are seen too.
    const first = await host.addPod();
    const address = addressOf(await call(network, 'ADD', first, 'first'));
    const status = await confinement('cni-dhcp.service');
    expect(status).toMatchObject({ NoNewPrivs: '1', Seccomp: '2', CapBnd: bits.toString(16).padStart(16, '0') });
    const second = await host.addPod();
    addressOf(await call(network, 'ADD', second, 'second'));
    expect(leaseFiles(host)).toHaveLength(2);
    const renewals = server.count(`DHCPACK on ${address.split('/')[0]}`);
    await eventually(() => expect(server.count(`DHCPACK on ${address.split('/')[0]}`)).toBeGreaterThan(renewals));

    await systemctl('restart', 'cni-dhcp.service');
    expect(leaseFiles(host)).toHaveLength(2);
    expect((await call(network, 'DEL', second, 'second')).error).toBeUndefined();
    expect(leaseFiles(host)).toHaveLength(1);
    await eventually(() => expect(server.leased()).toHaveLength(1));
    expect((await call(network, 'DEL', first, 'first')).error).toBeUndefined();
    await systemctl('stop', 'cni-dhcp.socket', 'cni-dhcp.service');
  });

  test('sets a link down whose lease has ended', async () => {
    await systemctl('start', 'cni-dhcp.socket');
    const pod = await host.addPod();
    addressOf(await call(network, 'ADD', pod, 'expiring'));
    await server.stop();
    await eventually(async () => expect(await pod.ip('-o link show dev eth0')).toContain('state DOWN'), 30_000);
    await systemctl('stop', 'cni-dhcp.socket', 'cni-dhcp.service');
  });
});

test.each(['iptables', 'nftables'] as const)('cni-ts-reload-rules.service brings back rules of %s', async (backend) => {
  const runtime = new Runtime(host);
  const pod = await host.addPod();
  const ipam = { type: 'host-local', subnet: '10.1.0.0/24' };
  const list = {
    cniVersion: '1.0.0',
    name: `net-${backend}`,
    plugins: [
      { type: 'bridge', isGateway: true, ipMasq: true, ipMasqBackend: backend, ipam },
      { type: 'portmap', backend, capabilities: { portMappings: true } },
      { type: 'firewall', backend },
    ],
  };
  const portMappings = [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }];
  const attachment = { containerId: 'c1', netns: pod.path, ifName: 'eth0', capabilities: { portMappings } };
  await runtime.add(list, attachment);
  await host.run(['sh', '-c', 'iptables -F -t nat; iptables -F; nft flush ruleset']);
  await expect(runtime.check(list, attachment)).rejects.toThrow();
  await systemctl('start', 'cni-ts-reload-rules.service');
  await runtime.check(list, attachment);
  expect(await property('cni-ts-reload-rules.service', 'Result')).toBe('success');
  await host.run(['sh', '-c', 'iptables -F -t nat; iptables -F; nft flush ruleset']);
  await systemctl('reload', 'cni-ts-reload-rules.service');
  await runtime.check(list, attachment);
  await systemctl('stop', 'cni-ts-reload-rules.service');
  await runtime.del(list, attachment);
});
