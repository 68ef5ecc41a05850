import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, expect, test } from 'vitest';
import { ROOT } from '../../scripts/lib/project.ts';
import { nativeRuntime } from '../../scripts/lib/runtime.ts';
import type { Answer } from './asked-modules-driver.ts';
import type { Pod } from './harness/host.ts';
import { pluginEnvironment } from './harness/plugin.ts';
import { useHost } from './harness/use.ts';

const host = await useHost({
  mayStay: [/\/var\/lib\/cni/, /\/run\/cni-ts(\/attachments)? folder/, /\/run\/mount/],
});

/** Here the runtime is the plugin that a delegate is looked for as: it answers in the same process. */
const path = mkdtempSync(join(tmpdir(), 'asked-modules-'));
for (const name of ['bridge', 'host-local']) symlinkSync(nativeRuntime(), join(path, name));
afterAll(() => rmSync(path, { recursive: true }));

const CONF = {
  cniVersion: '1.1.0',
  name: 'files',
  type: 'bridge',
  bridge: 'cni-files',
  isGateway: true,
  ipam: { type: 'host-local', subnet: '10.8.0.0/24', routes: [{ dst: '0.0.0.0/0' }] },
};

async function call(plugin: string, verb: string, pod: Pod, conf: object = CONF, more = {}): Promise<Answer> {
  const env = { ...pluginEnvironment({ verb, containerId: 'c1', netns: pod.path, ifName: 'eth0', path }), ...more };
  const argv = [nativeRuntime(), join(ROOT, 'test/netns/asked-modules-driver.ts'), plugin] as const;
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
  const { asked } = await call('host-local', 'ADD', pod, CONF, { BUN_JSC_useJIT: '0' });
  expect(asked).toContain('node:fs');
  await call('host-local', 'DEL', pod);
});

test('nothing in the executable imports a module of the runtime ahead of its use', async () => {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['main.ts'],
    bundle: true,
    write: false,
    outdir: 'dist',
    platform: 'node',
    format: 'esm',
    splitting: true,
    metafile: true,
  });
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  const external = imports.filter((one) => one.external === true);
  expect(external).toEqual([]);
});
