import { rmSync, writeFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { BUILT_PLUGINS } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import { CONF_FOLDER, configure, MAY_STAY, toolOn } from './support.ts';

const host = await useHost({ mayStay: [...MAY_STAY, /^file \/run\/mount/] });
const cni = toolOn(host);
const LIST = { cniVersion: '1.1.0', name: 'net', plugins: [{ type: 'loopback' }] };

afterEach(() => rmSync(host.root + CONF_FOLDER, { recursive: true, force: true }));

test('networks are listed as runtimes look at them, and what cannot be read is said', async () => {
  expect(await cni('networks')).toMatchObject({ exitCode: 0, stdout: `no networks in ${CONF_FOLDER}\n` });
  configure(host, '20-web.conflist', { ...LIST, name: 'web', plugins: [{ type: 'bridge' }, { type: 'portmap' }] });
  configure(host, '10-lo.conflist', { ...LIST, name: 'lo' });
  configure(host, '30-db.conflist', { ...LIST, name: 'db', plugins: [{ type: 'ptp' }] });
  const { exitCode, stdout, stderr } = await cni('networks');
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
    ['NETWORK', 'PLUGINS', 'VERSION', 'FILE'],
    ['lo', 'loopback', '1.1.0', `${CONF_FOLDER}/10-lo.conflist`],
    ['web', 'bridge → portmap', '1.1.0', `${CONF_FOLDER}/20-web.conflist`, 'runtimes take it'],
    ['db', 'ptp', '1.1.0', `${CONF_FOLDER}/30-db.conflist`],
    [''],
  ]);
  writeFileSync(`${host.root}${CONF_FOLDER}/05-x.conflist`, '{');
  expect(await cni('networks', '--json')).toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining('"name": "web"'),
    stderr: expect.stringContaining('05-x.conflist: not JSON'),
  });
});

test('status needs no namespace, and plugins are found where they are installed', async () => {
  configure(host, '10-net.conflist', LIST);
  expect(await cni('status', 'net')).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
  const install = `mount -t tmpfs tmpfs /opt; mkdir -p /opt/cni/bin; ln -s ${BUILT_PLUGINS}/loopback /opt/cni/bin/`;
  const tool = toolOn(host, { CNI_PATH: '' });
  const pod = await host.addPod();
  expect((await tool('add', 'net', pod.path, '-i', 'lo')).stderr).toContain('in path [/opt/cni/bin]');
  expect(await host.run(['sh', '-ec', install])).toMatchObject({ exitCode: 0, stderr: '' });
  for (const verb of ['add', 'check', 'del']) {
    expect(await tool(verb, 'net', pod.path, '-i', 'lo')).toMatchObject({ exitCode: 0, stderr: '' });
  }
  expect(await tool('status', 'net')).toMatchObject({ exitCode: 0, stderr: '' });
  await host.run(['umount', '/opt']);
});

test('lint without a folder says so', async () => {
  const script = `mount -t tmpfs tmpfs /etc; ${BUILT_PLUGINS}/cni lint || echo $?; umount /etc`;
  expect(await host.run(['sh', '-ec', script])).toMatchObject({
    stdout: '2\n',
    stderr: expect.stringMatching(
      /^cni: cannot read \/etc\/cni\/net\.d: no such file or directory; name the files or folders to look at\nusage: cni lint/,
    ),
  });
});
