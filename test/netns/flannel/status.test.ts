import { mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { attachmentOf, leasesOn } from '../bridge/support.ts';
import { callPlugin } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import { flannelList, NODE, removeSubnets, STAYS, storedOn, subnetEnv, writeSubnets } from './support.ts';

const host = await useHost({ mayStay: STAYS });
afterEach(() => removeSubnets(host));

const MISSING =
  "failed to load flannel 'subnet.env' file: open /run/flannel/subnet.env: no such file or directory. " +
  'Check the flannel pod log for this node.';

function status(conf: object = {}, cniVersion = '1.1.0') {
  const [plugin] = flannelList(conf).plugins;
  return callPlugin(host, 'flannel', { verb: 'STATUS', conf: { ...plugin, cniVersion, name: 'cbr0' } });
}

async function add(conf: object = {}) {
  const [plugin] = flannelList(conf).plugins;
  const pod = await host.addPod();
  const call = { ...attachmentOf(pod), conf: { ...plugin, cniVersion: '1.1.0', name: 'cbr0' } };
  const outcome = await callPlugin(host, 'flannel', { verb: 'ADD', ...call });
  if (outcome.exitCode === 0) await callPlugin(host, 'flannel', { verb: 'DEL', ...call });
  return outcome;
}

describe('STATUS', () => {
  test('of a node on which every ADD can succeed', async () => {
    writeSubnets(host);
    const { exitCode, stdout, stderr } = await status();
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
    expect(stderr).not.toContain('flannel');
  });

  test('of a node that flanneld has not told its subnet', async () => {
    const { error, ms } = await status();
    expect(error).toMatchObject({ code: 50, msg: 'plugin flannel is not available' });
    expect(error?.details).toContain(`${MISSING}; flanneld writes /run/flannel/subnet.env`);
    expect(error?.details).toContain('no process named flanneld is running');
    expect(ms).toBeLessThan(800);
  });

  test.each([
    [{ delegate: { name: 'x' } }, "'delegate' dictionary must not have 'name' field"],
    [{ delegate: { type: 'nope' } }, 'failed to find plugin "nope" in path'],
    [{ delegate: 5 }, 'key "delegate": found number 5'],
  ])('of the configuration %j', async (conf, why) => {
    writeSubnets(host);
    const { error } = await status(conf);
    expect(error).toMatchObject({ code: 50, msg: 'plugin flannel is not available' });
    expect(error?.details).toContain(why);
  });

  test('of a bridge that is something else, and of leases that cannot be kept', async () => {
    writeSubnets(host);
    await host.ip('link add name cni0 type veth peer name cni0-peer');
    expect((await status()).error).toMatchObject({ code: 50, msg: 'plugin bridge is not available' });
    await host.ip('link del dev cni0');
    writeSubnets(host, { ...NODE, subnet: '10.244.1.1/32' });
    expect((await status()).error).toMatchObject({ code: 50, msg: 'plugin host-local is not available' });
  });
});

describe('a subnet.env that is missing', () => {
  test('is said in the reference’s words, with what can be seen', async () => {
    const outcome = await add({ subnetFileWaitMs: 0 });
    expect(outcome.error).toMatchObject({ code: 11, msg: MISSING });
    const details = outcome.error?.details ?? '';
    expect(details).toContain('not even /run/flannel is there');
    expect(details).toContain('no process named flanneld is running');
    expect(details).toContain('there is no link flannel.1');
    expect(details).toMatch(/the node is up for \d+ (?:s|min|h|days)/);
    expect(outcome.stderr).toBe('');
    expect(await storedOn(host)).toEqual([]);
    expect(await leasesOn(host, 'cbr0')).toEqual([]);
  });

  test('with a daemon, a link and a configuration in front', async () => {
    // As flanneld does before it has its lease.
    await host.run(['cp', '/bin/sleep', '/run/flanneld']);
    const daemon = host.start(['/run/flanneld', '60']);
    await host.ip('link add name flannel.1 type veth peer name peer');
    await host.run([
      'sh',
      '-c',
      'mkdir -p /run/upper /run/work && mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/upper,workdir=/run/work /etc',
    ]);
    mkdirSync(`${host.root}/etc/cni/net.d`, { recursive: true });
    writeFileSync(`${host.root}/etc/cni/net.d/10-flannel.conflist`, JSON.stringify(flannelList()));
    writeFileSync(`${host.root}/etc/cni/net.d/05-old.conflist`, JSON.stringify({ name: 'old' }));
    try {
      const details = (await add({ subnetFileWaitMs: 0 })).error?.details ?? '';
      expect(details).toContain(`flanneld (process ${daemon.pid}) is running: its log says what it waits for`);
      expect(details).toContain('the link flannel.1 is there');
      expect(details).toContain('/etc/cni/net.d/05-old.conflist sorts before 10-flannel.conflist');
    } finally {
      await host.run(['umount', '/etc']);
      await daemon.stop();
      await host.ip('link del dev flannel.1');
      await host.run(['rm', '-rf', '/run/flanneld', '/run/upper', '/run/work']);
    }
  });

  test('is waited for', async () => {
    const started = performance.now();
    const pending = add({ subnetFileWaitMs: 5000 });
    await setTimeout(300);
    mkdirSync(`${host.root}/run/flannel`);
    writeFileSync(`${host.root}/run/flannel/subnet.env`, 'FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUB');
    await setTimeout(100);
    writeFileSync(`${host.root}/run/flannel/subnet.env`, subnetEnv(NODE));
    expect((await pending).error).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(3000);
  });

  test.each([
    [0, 0, 800],
    [700, 700, 2000],
    [undefined, 1000, 2500],
  ])('is waited for %s ms', async (subnetFileWaitMs, least, most) => {
    const { error, ms } = await add(subnetFileWaitMs === undefined ? {} : { subnetFileWaitMs });
    expect(error?.msg).toBe(MISSING);
    expect(ms).toBeGreaterThan(least);
    expect(ms).toBeLessThan(most);
  });
});

describe('a subnet.env that is wrong', () => {
  test.each([
    [
      'FLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n',
      11,
      '/run/flannel/subnet.env is missing FLANNEL_NETWORK, FLANNEL_IPV6_NETWORK, FLANNEL_SUBNET, FLANNEL_IPV6_SUBNET',
      'was written',
    ],
    [
      'FLANNEL_NETWORK\n',
      6,
      'FLANNEL_NETWORK has no value',
      '/run/flannel/subnet.env, line 1: found "FLANNEL_NETWORK"',
    ],
    [
      subnetEnv({ ...NODE, mtu: 1400 }).replace('1400', '14x0'),
      6,
      'strconv.ParseUint: parsing "14x0": invalid syntax',
      'line 3',
    ],
    [
      subnetEnv({ network: '10.244.0.0/16', subnet6: 'fd00::1/64' }),
      7,
      '/run/flannel/subnet.env has an IPv4 network 10.244.0.0/16 and no IPv4 subnet',
      'FLANNEL_SUBNET beside FLANNEL_NETWORK',
    ],
  ])('%j', async (text, code, message, details) => {
    mkdirSync(`${host.root}/run/flannel`);
    writeFileSync(`${host.root}/run/flannel/subnet.env`, text);
    const { error } = await add({ subnetFileWaitMs: 0 });
    const msg = `failed to load flannel 'subnet.env' file: ${message}. Check the flannel pod log for this node.`;
    expect(error).toMatchObject({ code, msg });
    expect(error?.details).toContain(details);
    expect(await storedOn(host)).toEqual([]);
  });

  test('it is a folder', async () => {
    mkdirSync(`${host.root}/run/flannel/subnet.env`, { recursive: true });
    const { error } = await add({ subnetFileWaitMs: 3000 });
    expect(error).toMatchObject({ code: 5 });
    expect(error?.msg).toContain('read /run/flannel/subnet.env: is a directory');
  });
});

describe('errors of the delegate', () => {
  test('are passed on as they are, and nothing stays', async () => {
    writeSubnets(host);
    const { error } = await add({ delegate: { promiscMode: true, hairpinMode: true } });
    expect(error).toMatchObject({ code: 7, msg: 'cannot set hairpin mode and promiscuous mode at the same time' });
    expect(await storedOn(host)).toEqual([]);
  });

  test('that there is none has a prefix', async () => {
    writeSubnets(host);
    const { error } = await add({ delegate: { type: 'nope' } });
    expect(error?.msg).toMatch(/^failed to delegate add: failed to find plugin "nope" in path \[/);
    expect(await storedOn(host)).toEqual([]);
  });

  test('that its IPAM plugin is not there is its own', async () => {
    writeSubnets(host);
    const { error } = await add({ ipam: { type: 'nope' } });
    expect(error?.msg).toMatch(/^failed to find plugin "nope" in path \[/);
    expect(await storedOn(host)).toEqual([]);
  });

  test('a foreign one that fails halfway is asked to take back what it did', async () => {
    writeSubnets(host);
    const script = `#!/bin/sh
cat > /run/foreign/$CNI_COMMAND
if [ $CNI_COMMAND = ADD ]; then echo '{"code":123,"msg":"halfway","details":"why"}'; exit 1; fi`;
    await host.run(['sh', '-c', 'mkdir /run/foreign && cat > /run/foreign/halfway && chmod +x /run/foreign/halfway'], {
      stdin: script,
    });
    const pod = await host.addPod();
    const conf = { type: 'flannel', delegate: { type: 'halfway' }, cniVersion: '1.1.0', name: 'cbr0' };
    const { error } = await callPlugin(host, 'flannel', {
      verb: 'ADD',
      ...attachmentOf(pod),
      path: '/run/foreign',
      conf,
    });
    expect(error).toMatchObject({ code: 123, msg: 'halfway', details: 'why' });
    const { stdout } = await host.run(['cmp', '/run/foreign/ADD', '/run/foreign/DEL']);
    expect(stdout).toBe('');
    expect((await host.run(['ls', '/run/foreign'])).stdout).toBe('ADD\nDEL\nhalfway\n');
    expect(await storedOn(host)).toEqual([]);
    await host.run(['rm', '-r', '/run/foreign']);
  });
});
