import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { PLUGIN_NAMES } from '../../plugins/names.ts';
import { archiveName } from '../../scripts/lib/archive.ts';
import { nativeArch } from '../../scripts/lib/engine.ts';
import { packageVersion, ROOT } from '../../scripts/lib/project.ts';
import { createHost } from './harness/host.ts';

interface Container {
  readonly command: readonly string[];
  readonly args: readonly string[];
}

const DAEMON_SET = parse(readFileSync(join(ROOT, 'deploy/kubernetes/base/daemonset.yaml'), 'utf8')) as {
  spec: { template: { spec: { containers: readonly [Container] } } };
};
const [CONTAINER] = DAEMON_SET.spec.template.spec.containers;
const COPIED = /^COPY --from=archive (.*) (\S+)$/m.exec(readFileSync(join(ROOT, 'deploy/Dockerfile'), 'utf8'));

const host = await createHost('image');
afterAll(() => host.dispose());

/** The folder that a container of the image has as its root, and where the node's folders are mounted. */
const IMAGE = '/run/image';
const NODE = '/var/lib/node';

beforeAll(async () => {
  const [, files = '', folder = ''] = COPIED ?? [];
  const names = files.split(' ').map((file) => `.${file}`);
  // What the Dockerfile does, and what a runtime mounts.
  const script = `set -e
    mkdir -p ${IMAGE}${folder} ${IMAGE}/proc ${IMAGE}/host/opt/cni/bin ${IMAGE}/etc/cni/net.d ${IMAGE}/lists
    mkdir -p ${NODE}/bin ${NODE}/net.d ${NODE}/map
    tar -xf ${join(ROOT, 'dist', archiveName(nativeArch(), packageVersion()))} -C ${IMAGE}${folder} ${names.join(' ')}
    mount --bind ${IMAGE} ${IMAGE} && mount -o remount,bind,ro ${IMAGE}
    mount -t proc proc ${IMAGE}/proc
    mount --bind ${NODE}/bin ${IMAGE}/host/opt/cni/bin
    mount --bind ${NODE}/net.d ${IMAGE}/etc/cni/net.d
    mount --bind ${NODE}/map ${IMAGE}/lists && mount -o remount,bind,ro ${IMAGE}/lists`;
  expect(await host.run(['sh', '-c', script])).toMatchObject({ exitCode: 0, stderr: '' });
});

/** Starts the container of the DaemonSet: nothing but the image, all read-only but the node's folders, no capability but chroot's. */
function start() {
  const confined = ['setpriv', '--bounding-set=-all,+sys_chroot', '--inh-caps=-all', '--no-new-privs'];
  return host.start([...confined, 'chroot', IMAGE, ...CONTAINER.command, ...CONTAINER.args]);
}

test('the image installs on a node what the DaemonSet has it install, and stays', async () => {
  const list = readFileSync(join(ROOT, 'conf/10-bridge.conflist'), 'utf8');
  // As a kubelet makes a ConfigMap's files.
  mkdirSync(join(host.root, NODE, 'map/..data'));
  writeFileSync(join(host.root, NODE, 'map/..data/10-bridge.conflist'), list);
  symlinkSync('..data/10-bridge.conflist', join(host.root, NODE, 'map/10-bridge.conflist'));
  const container = start();
  await expect.poll(() => container.stdout(), { timeout: 10_000 }).toContain('10-bridge.conflist');
  const bin = join(host.root, NODE, 'bin');
  expect(readdirSync(bin).sort()).toEqual(['.cni-ts', 'cni', ...PLUGIN_NAMES].sort());
  for (const name of PLUGIN_NAMES) expect(statSync(join(bin, name)).nlink).toBe(1);
  expect(readFileSync(join(host.root, NODE, 'net.d/10-bridge.conflist'), 'utf8')).toBe(list);
  const version = await host.run([join(NODE, 'bin/bridge')], { env: { CNI_COMMAND: 'VERSION' } });
  expect(version.stdout).toContain('supportedVersions');
  // It is asked to end as a kubelet does, and has a second.
  const ended = performance.now();
  process.kill(container.pid, 'SIGTERM');
  await expect.poll(() => isThere(container.pid), { timeout: 5000 }).toBe(false);
  expect(performance.now() - ended).toBeLessThan(1000);
});

test('without a ConfigMap it installs the plugins alone', async () => {
  await host.run(['sh', '-c', `rm -r ${NODE}/map/* ${NODE}/map/..data ${NODE}/net.d/*`]);
  const container = start();
  await expect.poll(() => container.stdout(), { timeout: 10_000 }).toContain('unchanged');
  expect(readdirSync(join(host.root, NODE, 'net.d'))).toEqual([]);
  await container.stop();
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
