import { closeSync, openSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { referenceSuite } from '../bridge/suites.ts';
import type { Pod } from '../harness/host.ts';
import { expectUnchanged } from '../harness/snapshot.ts';
import { useHost } from '../harness/use.ts';
import { listOf, Pods } from '../portmap/pods.ts';
import { CONF_FOLDER, cnitoolOn, configure, fullList, lookAt, MAY_STAY, toolOn } from './support.ts';

const REFERENCE = await referenceSuite();
const host = await useHost({
  mayStay: [...MAY_STAY, /cni0/, /^host (address|route|ip6?tables|nft)/, /^file \/run\/mount/],
});
const LEASES = '/var/lib/cni/networks';

/** A namespace that is held when it has no name any more: its number is nobody else's then. */
const held: number[] = [];

async function add(pod: Pod, hostPort: number): Promise<void> {
  const CAP_ARGS = JSON.stringify({ portMappings: [{ hostPort, containerPort: 80, protocol: 'tcp' }] });
  expect(await toolOn(host, { CAP_ARGS })('add', 'net', pod.path)).toMatchObject({ exitCode: 0, stderr: '' });
}

async function kill(pod: Pod): Promise<void> {
  held.push(openSync(pod.outerPath, 'r'));
  await pod.remove();
}

const cni = toolOn(host);
const rules = async () => (await host.run(['iptables-save', '-t', 'nat'])).stdout;

beforeEach(() => configure(host, '10-net.conflist', fullList()));

afterEach(async () => {
  await cnitoolOn(host)('gc', 'net', '/');
  for (const fd of held.splice(0)) closeSync(fd);
  await host.run(['ip', 'link', 'del', 'cni0']);
  for (const folder of [CONF_FOLDER, '/var/lib/cni/results', LEASES]) {
    rmSync(host.root + folder, { recursive: true, force: true });
  }
});

test('the network of living pods stays, and it is said that there is nothing to collect', async () => {
  const [one, two] = [await host.addPod(), await host.addPod()];
  await add(one, 8080);
  await add(two, 8081);
  const before = await lookAt(host);
  for (const args of [['net', one.path], ['net'], [], ['net', '--valid', '-']]) {
    const said = 'nothing to collect\nleft alone: 2 alive\n';
    expect(await cni('gc', ...args)).toMatchObject({ exitCode: 0, stdout: said, stderr: '' });
  }
  expectUnchanged(before, await lookAt(host), 'gc has changed what is alive');
  expect(await cni('gc', 'net', 'x', 'y')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('usage: cni gc'),
  });
});

test('what is left of a dead one is said, and then collected, and nothing of the living', async () => {
  const [living, dead] = [await host.addPod(), await host.addPod()];
  await add(living, 8080);
  await add(dead, 8081);
  await kill(dead);
  const before = await lookAt(host);
  const planned = await cni('gc', 'net', '--dry-run');
  expectUnchanged(before, await lookAt(host), '--dry-run has changed something');
  expect(planned).toMatchObject({ exitCode: 0, stderr: '' });
  expect(planned.stdout).toMatch(
    /^would collect what tuning, firewall, portmap, bridge made, the lease 10\.88\.0\.3, the lease fd00:88::3, the cached result of container cnitool-\S+ \(eth0, network net\): its network namespace is gone$/m,
  );
  const done = await cni('gc', 'net');
  expect(done).toMatchObject({ exitCode: 0, stderr: '' });
  expect(done.stdout).toBe(planned.stdout.replace('would collect', 'collected'));
  expect(await rules()).not.toContain('8081');
  expect(await rules()).toContain('8080');
  expect(readdirSync(`${host.root}${LEASES}/net`)).not.toContain('10.88.0.3');
  expect(readdirSync(`${host.root}/var/lib/cni/results`)).toHaveLength(1);
  expect(await cni('check', 'net', living.path)).toMatchObject({ exitCode: 0 });
  expect((await cni('gc')).stdout).toBe('nothing to collect\nleft alone: 1 alive\n');
});

test('pods of the reference: what a runtime does not name and nobody finds is collected, once it is old', async () => {
  const pods = new Pods(host, REFERENCE, listOf('iptables'));
  const living = await pods.add('living', [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }]);
  const dead = await pods.add('dead', [{ hostPort: 8081, containerPort: 80, protocol: 'tcp' }]);
  await kill(dead.pod);
  const unknown = await cni('gc', 'net', '--dry-run');
  expect(unknown.stdout).toMatch(
    /^would collect the host port 8081\/tcp of container dead: no namespace of it is left$/m,
  );
  expect(unknown.stdout).toMatch(/^left alone: 1 alive, and 1 of which nothing is proven: "--valid" says/m);
  // Whatever the runtime says, one that is there stays.
  const crictl = JSON.stringify({ items: [{ id: 'other', state: 'SANDBOX_READY' }] });
  const env = { NETCONFPATH: CONF_FOLDER, CNI_PATH: REFERENCE.folder };
  const file = `${host.root}${CONF_FOLDER}/pods.json`;
  writeFileSync(file, crictl);
  const young = await toolOn(host, env)('gc', 'net', '--valid', `${CONF_FOLDER}/pods.json`, '--dry-run');
  expect(young.stdout).toContain('1 of which nothing is proven');
  const ago = Date.now() / 1000 - 600;
  for (const address of [dead.ipv4, dead.ipv6]) utimesSync(`${host.root}${LEASES}/net/${address}`, ago, ago);
  const done = await toolOn(host, env)('gc', 'net', '--valid', `${CONF_FOLDER}/pods.json`);
  expect(done).toMatchObject({ exitCode: 0, stderr: '' });
  expect(done.stdout).toContain(`collected the lease ${dead.ipv4}, the lease ${dead.ipv6} of container dead`);
  expect(done.stdout).toContain('left alone: 1 alive\n');
  expect(readdirSync(`${host.root}${LEASES}/net`)).toContain(living.ipv4);
  expect(readdirSync(`${host.root}${LEASES}/net`)).not.toContain(dead.ipv4);
  expect(await rules()).not.toContain('8081');
  await pods.removeAll();
});
