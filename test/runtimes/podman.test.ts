import { beforeEach, describe, expect, onTestFailed, test } from 'vitest';
import { useBox } from './harness/box.ts';
import { expectAnswer, expectSilence } from './harness/http.ts';
import { preparePodman } from './harness/podman.ts';
import { shipped } from './lists.ts';

const box = await useBox('podman');
const podman = await preparePodman(box);

/** Networks are made on the command line, as people do it. */
const V4 = ['--subnet', '10.89.5.0/24'];
const DUAL = [...V4, '--ipv6', '--subnet', 'fd00:89:5::/64'];

async function remove(...names: readonly string[]): Promise<void> {
  await podman.run('rm', '--force', '--time', '0', ...names);
}

beforeEach(() => {
  // A test that failed is no reason for the next ones.
  onTestFailed(async () => {
    await podman.run('rm', '--all', '--force', '--time', '0');
    await podman.run('network', 'prune', '--force');
  });
});

test('it is podman 4, and asks CNI plugins', async () => {
  expect(await podman.run('--version')).toMatch(/^podman version 4\./);
  expect(await podman.run('info', '--format', '{{.Host.NetworkBackend}}')).toBe('cni');
});

test('an executable of the suite starts under its filter of system calls', async () => {
  const script = '/plugins/loopback 2>&1; grep Seccomp: /proc/self/status';
  await podman.start('filtered', '--network', 'none', '--volume', '/opt/cni/bin:/plugins:ro');
  const printed = await podman.run('exec', '--env', 'CNI_COMMAND=VERSION', 'filtered', 'sh', '-c', script);
  await remove('filtered');
  // Nothing on stderr: the picture of memory was taken over.
  expect(printed).toMatch(/^\{"cniVersion":"1\.1\.0",.*\}\nSeccomp:\s*2$/);
});

test('a published port, in both families, and another container of the network', async () => {
  await podman.run('network', 'create', ...DUAL, 'net');
  await podman.start('web', '--network', 'net', '--publish', '8081:80', '--publish', '127.0.0.1:8082:80');
  const address = await podman.addressOf('web', 'net');
  await expectAnswer(box, 'web', address);
  for (const [address, port] of [
    ['127.0.0.1', 8081],
    ['10.89.5.1', 8081],
    ['fd00:89:5::1', 8081],
    ['127.0.0.1', 8082],
  ] as const) {
    await expectAnswer(box, 'web', address, port);
  }
  // Published for this machine alone.
  await expectSilence(box, '10.89.5.1', 8082);
  await podman.start('other', '--network', 'net');
  const seen = await podman.run('exec', 'other', 'wget', '-qO-', `http://${address}/cgi-bin/who`);
  expect(seen).toBe(`web [::ffff:${await podman.addressOf('other', 'net')}]`);
  await remove('web', 'other');
  await expectSilence(box, '127.0.0.1', 8081);
  await podman.run('network', 'rm', 'net');
});

test('--ip and --mac-address', async () => {
  await podman.run('network', 'create', ...V4, 'net');
  const mac = '02:11:22:33:44:55';
  await podman.start('web', '--network', 'net', '--ip', '10.89.5.77', '--mac-address', mac);
  expect(await podman.run('exec', 'web', 'ip', 'addr', 'show', 'eth0')).toMatch(
    /link\/ether 02:11:22:33:44:55 .*inet 10\.89\.5\.77\/24 /s,
  );
  await expectAnswer(box, 'web', '10.89.5.77');
  const late = [
    'run',
    '--name',
    'late',
    '--network',
    'net',
    '--ip',
    '10.89.5.77',
    'localhost/pod:1',
    '/bin/ip',
    'addr',
  ];
  expect(await podman.refuse(...late)).toContain('10.89.5.77');
  await remove('web', 'late');
  await podman.run('network', 'rm', 'net');
});

test('two networks, one of them joined and left later', async () => {
  await podman.run('network', 'create', ...V4, 'net');
  await podman.run('network', 'create', '--subnet', '10.89.6.0/24', 'back');
  await podman.start('web', '--network', 'net,back', '--publish', '8083:80');
  for (const network of ['net', 'back']) await expectAnswer(box, 'web', await podman.addressOf('web', network));
  await expectAnswer(box, 'web', '127.0.0.1', 8083);
  await podman.start('late', '--network', 'net', '--publish', '8084:80');
  await podman.run('network', 'connect', 'back', 'late');
  const second = await podman.addressOf('late', 'back');
  await expectAnswer(box, 'late', second);
  await expectAnswer(box, 'late', '127.0.0.1', 8084);
  await podman.run('network', 'disconnect', 'back', 'late');
  await expectSilence(box, second);
  await expectAnswer(box, 'late', '127.0.0.1', 8084);
  await remove('web', 'late');
  await podman.run('network', 'rm', 'net', 'back');
});

test('isolated networks do not reach each other', async () => {
  await podman.run('network', 'create', ...V4, '--opt', 'isolate=1', 'net');
  await podman.run('network', 'create', '--subnet', '10.89.6.0/24', '--opt', 'isolate=1', 'back');
  await podman.start('web', '--network', 'net');
  await podman.start('near', '--network', 'net');
  await podman.start('far', '--network', 'back');
  const address = await podman.addressOf('web', 'net');
  await expectAnswer(box, 'web', address);
  const ask = ['timeout', '2', 'wget', '-qO-', `http://${address}/cgi-bin/who`];
  expect(await podman.run('exec', 'near', ...ask)).toMatch(/^web /);
  await podman.refuse('exec', 'far', ...ask);
  await remove('web', 'near', 'far');
  await podman.run('network', 'rm', 'net', 'back');
});

test('a port that another container has is refused, and nothing is left of the late one', async () => {
  await podman.run('network', 'create', ...V4, 'net');
  await podman.start('web', '--network', 'net', '--publish', '8085:80');
  const late = ['run', '--name', 'late', '--network', 'net', '--publish', '8085:80', 'localhost/pod:1'];
  expect(await podman.refuse(...late)).toContain('8085');
  await expectAnswer(box, 'web', '127.0.0.1', 8085);
  await remove('web', 'late');
  await podman.run('network', 'rm', 'net');
});

test('network reload makes everything again after a flush', async () => {
  await podman.run('network', 'create', ...DUAL, 'net');
  await podman.start('web', '--network', 'net', '--publish', '8088:80');
  const address = await podman.addressOf('web', 'net');
  await expectAnswer(box, 'web', '10.89.5.1', 8088);
  await box.succeed(['iptables', '-t', 'nat', '-F', 'CNI-HOSTPORT-DNAT']);
  await expectSilence(box, '10.89.5.1', 8088);
  await podman.run('network', 'reload', 'web');
  expect(await podman.addressOf('web', 'net')).toBe(address);
  await expectAnswer(box, 'web', '10.89.5.1', 8088);
  await remove('web');
  await podman.run('network', 'rm', 'net');
});

test('a network is there only when all of its plugins are', async () => {
  const list = { ...shipped('87-podman-bridge.conflist'), name: 'whole' };
  const names = async () => (await podman.run('network', 'ls', '--format', '{{.Name}}')).split('\n').sort();
  box.configure(list);
  expect(await names()).toEqual(['podman', 'whole']);
  box.configure({ ...list, plugins: [...list.plugins, { type: 'nobodys' }] });
  expect(await names()).toEqual(['podman']);
  box.configure(undefined);
});

test('network rm -f takes the containers with it', async () => {
  await podman.run('network', 'create', ...V4, 'net');
  await podman.start('web', '--network', 'net', '--publish', '8086:80');
  await expectAnswer(box, 'web', '127.0.0.1', 8086);
  await podman.run('network', 'rm', '--force', '--time', '0', 'net');
  expect(await podman.run('ps', '--all', '--quiet')).toBe('');
});

describe('the list that is ready to be copied', () => {
  test('is the network of containers that name none', async () => {
    box.configure(shipped('87-podman-bridge.conflist'));
    await podman.start('web', '--publish', '8087:80');
    expect(await podman.addressOf('web', 'podman')).toMatch(/^10\.88\.0\./);
    await expectAnswer(box, 'web', '127.0.0.1', 8087);
    await remove('web');
  });
});
