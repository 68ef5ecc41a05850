import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { driver } from '../../scripts/lib/driver.ts';
import type { Answer } from './asked-modules-driver.ts';
import type { Pod } from './harness/host.ts';
import { pluginEnvironment } from './harness/plugin.ts';
import { useHost } from './harness/use.ts';

const host = await useHost({
  mayStay: [/\/var\/lib\/cni/, /\/run\/cni-ts(\/attachments)? folder/, /\/run\/mount/],
});

const driverFile = await driver('test/netns/asked-modules-driver.ts');
/** Here the driver is the plugin that a delegate is looked for as: it answers in the same process. */
const path = mkdtempSync(join(tmpdir(), 'asked-modules-'));
for (const name of ['bridge', 'host-local']) symlinkSync(driverFile, join(path, name));
afterAll(() => rmSync(path, { recursive: true }));

const CONF = {
  cniVersion: '1.1.0',
  name: 'files',
  type: 'bridge',
  bridge: 'cni-files',
  isGateway: true,
  ipam: { type: 'host-local', subnet: '10.8.0.0/24', routes: [{ dst: '0.0.0.0/0' }] },
};

async function call(plugin: string, verb: string, pod: Pod, conf: object = CONF): Promise<Answer> {
  const env = pluginEnvironment({ verb, containerId: 'c1', netns: pod.path, ifName: 'eth0', path });
  const argv = [driverFile, plugin] as const;
  const { stdout, stderr } = await host.run(argv, { env, stdin: JSON.stringify(conf) });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Answer;
}

test.each(['bridge', 'host-local'])('%s does without node:fs, from the first call for a network on', async (plugin) => {
  const pod = await host.addPod();
  for (let round = 0; round < 2; round += 1) {
    const added = await call(plugin, 'ADD', pod);
    expect([added.stdout, added.exitCode]).toEqual([expect.stringContaining('10.8.0.'), 0]);
    const checked = await call(plugin, 'CHECK', pod, { ...CONF, prevResult: JSON.parse(added.stdout) });
    const deleted = await call(plugin, 'DEL', pod);
    expect([checked.stdout, deleted.stdout]).toEqual(['', '']);
    expect([...added.asked, ...checked.asked, ...deleted.asked]).not.toContain('node:fs');
  }
  await host.run(['ip', 'link', 'del', CONF.bridge]);
});

test('it is noticed when node:fs is loaded', async () => {
  const pod = await host.addPod();
  const { asked } = await call('host-local', 'STATUS', pod);
  expect(asked).toContain('node:fs');
});
