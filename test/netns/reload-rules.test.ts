import { expect, test } from 'vitest';
import { referencePlugins } from '../../scripts/lib/reference.ts';
import { isMisreading } from './bridge/suites.ts';
import { connect } from './harness/connect.ts';
import { createHost, type Host } from './harness/host.ts';
import { ChainError, Runtime } from './harness/libcni.ts';
import type { Conflist } from './harness/libcni-conf.ts';
import type { Place } from './harness/place.ts';
import { BUILT_PLUGINS } from './harness/plugin.ts';

const LISTENER =
  "require('node:net').createServer((s) => s.end(s.remoteAddress)).listen(80, '::', () => console.log('up'))";

function listOf(backend: 'iptables' | 'nftables'): Conflist {
  const ipam = { type: 'host-local', subnet: '10.1.0.0/24', routes: [{ dst: '0.0.0.0/0' }] };
  return {
    cniVersion: '1.0.0',
    name: 'net',
    plugins: [
      { type: 'bridge', isGateway: true, ipMasq: true, ipMasqBackend: backend, hairpinMode: true, ipam },
      { type: 'portmap', backend, capabilities: { portMappings: true } },
      { type: 'firewall', backend, ingressPolicy: 'same-bridge' },
    ],
  };
}

/** What a port of a machine answers; '' when nobody does. */
async function ask(from: Place, address: string, port: number): Promise<string> {
  const script = `const s = require('node:net').connect(${port}, '${address}'); s.on('data', (d) => process.stdout.write(d));
    s.on('error', () => process.exit(1)); setTimeout(() => process.exit(1), 1500).unref();`;
  return (await from.run([process.execPath, '-e', script])).stdout;
}

/** Which of three pods are reached by their ports, and whether the first gets out. */
async function traffic(node: Host, outside: Host, pod: Place): Promise<readonly unknown[]> {
  const ports = await Promise.all([8080, 8081, 8082].map((port) => ask(outside, '192.0.2.1', port)));
  const out = await pod.run(['ping', '-c1', '-W1', '192.0.2.2']);
  const own = await ask(node, '127.0.0.1', 8080);
  return [...ports.map((answer) => answer !== ''), own !== '', out.exitCode];
}

test.each(['iptables', 'nftables'] as const)(
  '%s: after a flush one command brings back what pods had',
  async (backend) => {
    const [node, outside] = await Promise.all([createHost('node'), createHost('outside')]);
    try {
      await connect(
        { host: node, link: 'eth0', addresses: ['192.0.2.1/24'] },
        { host: outside, link: 'eth0', addresses: ['192.0.2.2/24'] },
      );
      const runtime = new Runtime(node);
      const list = listOf(backend);
      const pods = await Promise.all([0, 1, 2].map(() => node.addPod()));
      const attachments = pods.map((pod, index) => ({
        containerId: `c${index}`,
        netns: pod.path,
        ifName: 'eth0',
        capabilities: { portMappings: [{ hostPort: 8080 + index, containerPort: 80, protocol: 'tcp' }] },
      }));
      for (const attachment of attachments) await runtime.add(list, attachment);
      const listeners = pods.map((pod) => pod.start([process.execPath, '-e', LISTENER]));
      while (listeners.some((one) => !one.stdout().includes('up')))
        await new Promise((resolve) => setTimeout(resolve, 20));
      const [first] = pods;
      if (first === undefined) throw new Error('no pods');
      const works = [true, true, true, true, 0];
      expect(await traffic(node, outside, first)).toEqual(works);

      const flush = 'iptables -F -t nat; iptables -F; nft flush ruleset';
      await node.run(['sh', '-c', backend === 'iptables' ? 'iptables -F -t nat; iptables -F' : flush]);
      expect(await traffic(node, outside, first)).toEqual([false, false, false, false, 1]);
      const reload = await node.run([`${BUILT_PLUGINS}/cni`, 'reload-rules']);
      expect(reload).toMatchObject({
        exitCode: 0,
        stderr: '',
        stdout: 'bridge: 3 made again; firewall: 3 made again; portmap: 3 made again\n',
      });
      expect(await traffic(node, outside, first)).toEqual(works);
      for (const attachment of attachments) await runtime.check(list, attachment);

      // A second time changes nothing.
      const rules = async () =>
        (await node.run(['sh', '-c', 'iptables-save; nft -s list ruleset'])).stdout.replace(/\[\d+:\d+\]|^#.*$/gm, '');
      const before = (await rules()).split('\n').sort();
      expect((await node.run([`${BUILT_PLUGINS}/cni`, 'reload-rules'])).exitCode).toBe(0);
      expect((await rules()).split('\n').sort()).toEqual(before);

      for (const listener of listeners) await listener.stop();
      for (const attachment of attachments) await runtime.del(list, attachment);
      expect(await rules()).not.toMatch(/10\.1\.0\.\d+\/32|CNI-DN-|comment "c\d"/);
      expect((await node.run([`${BUILT_PLUGINS}/cni`, 'reload-rules'])).stdout).toBe('no attachment has rules\n');
    } finally {
      await Promise.all([node.dispose(), outside.dispose()]);
    }
  },
);

test('a container that other plugins have detached gets no rules again, neither by reload-rules nor by the doctor', async () => {
  const node = await createHost('node');
  try {
    const ipam = { type: 'host-local', subnet: '10.1.0.0/24' };
    const list: Conflist = {
      cniVersion: '1.0.0',
      name: 'net',
      plugins: [
        { type: 'bridge', isGateway: true, ipMasq: true, ipMasqBackend: 'iptables', ipam },
        { type: 'portmap', backend: 'iptables', capabilities: { portMappings: true } },
      ],
    };
    const [stays, goes] = [await node.addPod(), await node.addPod()].map((pod, index) => ({
      containerId: `c${index}`,
      netns: pod.path,
      ifName: 'eth0',
      capabilities: { portMappings: [{ hostPort: 8080 + index, containerPort: 80, protocol: 'tcp' }] },
    }));
    if (stays === undefined || goes === undefined) throw new Error('no pods');
    const runtime = new Runtime(node);
    for (const attachment of [stays, goes]) await runtime.add(list, attachment);
    // As `podman network disconnect` after the plugins were exchanged: the container lives on.
    await new Runtime(node, [await referencePlugins()]).del(list, goes).catch((thrown) => {
      if (!(thrown instanceof ChainError && isMisreading(thrown.outcome))) throw thrown;
    });
    const rules = async () =>
      (await node.run(['iptables-save', '-t', 'nat'])).stdout.replace(/\[\d+:\d+\]|^#.*$/gm, '');
    const before = await rules();
    expect(before).toContain(String.raw`id: \"c0\"`);
    expect(before).not.toContain(String.raw`id: \"c1\"`);
    const { stdout } = await node.run([`${BUILT_PLUGINS}/cni`, 'reload-rules']);
    expect(stdout).toBe('bridge: 1 made again; portmap: 1 made again\n');
    expect((await rules()).split('\n').sort()).toEqual(before.split('\n').sort());
    const doctor = await node.run([`${BUILT_PLUGINS}/cni`, 'doctor', '--fix', '--bin-dir', BUILT_PLUGINS]);
    expect(doctor.stdout).not.toContain('rules of container');
    expect((await rules()).split('\n').sort()).toEqual(before.split('\n').sort());
    // It is still found what has really lost its rules.
    await node.run(['iptables', '-t', 'nat', '-F']);
    const mended = await node.run([`${BUILT_PLUGINS}/cni`, 'doctor', '--fix', '--bin-dir', BUILT_PLUGINS]);
    expect(mended.stdout).toContain('made the host port rules of container c0 again');
    expect(mended.stdout).not.toContain('rules of container c1 again');
    for (const attachment of [stays, goes]) await runtime.delTwice(list, attachment);
    expect((await node.run(['find', '/run/cni-ts', '-type', 'f', '!', '-name', 'guard'])).stdout).toBe('');
  } finally {
    await node.dispose();
  }
});
