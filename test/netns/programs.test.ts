import { chmodSync, linkSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { createHost } from './harness/host.ts';
import { Runtime } from './harness/libcni.ts';
import type { Conflist } from './harness/libcni-conf.ts';
import { PATH } from './harness/place.ts';
import { BUILT_PLUGINS, callPlugin } from './harness/plugin.ts';

/** Everything that this suite ever starts, but for other plugins. */
const PROGRAMS = [
  ...['ip', 'tc', 'bridge', 'nft', 'conntrack', 'setpriv', 'nsenter', 'flock', 'cat', 'tee'],
  ...['', '-save', '-restore'].flatMap((end) => [`iptables${end}`, `ip6tables${end}`]),
];

const folder = mkdtempSync(join(BUILT_PLUGINS, '../programs-'));
const started = join(tmpdir(), `programs-${process.pid}`);
afterAll(() => {
  rmSync(folder, { recursive: true });
  rmSync(started, { force: true });
});

for (const name of readdirSync(BUILT_PLUGINS)) linkSync(join(BUILT_PLUGINS, name), join(folder, name));
for (const name of PROGRAMS) {
  if (name === 'bridge') continue;
  writeFileSync(join(folder, name), `#!/bin/sh\necho ${name} >>${started}\nexit 1\n`);
  chmodSync(join(folder, name), 0o755);
}

beforeEach(() => writeFileSync(started, ''));

/** A list in which something is left to each of these programs. */
function listWith(backend: 'iptables' | 'nftables'): Conflist {
  const ipam = { type: 'host-local', ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00::/64' }]] };
  return {
    cniVersion: '1.0.0',
    name: 'net',
    plugins: [
      { type: 'bridge', isGateway: true, ipMasq: true, ipMasqBackend: backend, macspoofchk: true, ipam },
      { type: 'portmap', backend, capabilities: { portMappings: true } },
      { type: 'firewall', backend },
      { type: 'bandwidth', ingressRate: 8000, ingressBurst: 80_000, egressRate: 8000, egressBurst: 80_000 },
      { type: 'sbr' },
    ],
  };
}

const BY_PROGRAMS = { CNI_TS_IP: 'exec', CNI_TS_NETFILTER: 'exec' };

test.each([
  ['iptables', 'told natively', {}],
  ['iptables', 'all by programs', BY_PROGRAMS],
  ['nftables', 'told natively', {}],
  ['nftables', 'all by programs', BY_PROGRAMS],
] as const)(
  'with the folder of plugins first in PATH nothing in it is run as a program: %s, %s',
  async (backend, _how, env) => {
    const host = await createHost();
    try {
      const pod = await host.addPod();
      const runtime = new Runtime(host, [folder], { ...env, PATH: `${folder}:${PATH}` });
      const portMappings = [{ hostPort: 8080, containerPort: 80, protocol: 'udp' }];
      const attachment = { containerId: 'c1', netns: pod.path, ifName: 'eth0', capabilities: { portMappings } };
      await runtime.add(listWith(backend), attachment);
      await runtime.check(listWith(backend), attachment);
      await runtime.delTwice(listWith(backend), attachment);
      expect(runtime.calls.map(({ outcome }) => outcome.stderr).join('')).toBe('');
    } finally {
      await host.dispose();
    }
    expect(readFileSync(started, 'utf8')).toBe('');
  },
);

test('a copy of this program is not run as one that has its name, wherever it is', async () => {
  const host = await createHost('copies');
  try {
    for (const copy of ['cp', 'ln']) {
      const place = mkdtempSync(join(BUILT_PLUGINS, '../programs-copy-'));
      await host.run([copy, join(BUILT_PLUGINS, 'cni'), join(place, 'ip')]);
      const outcome = await callPlugin(host, 'loopback', {
        verb: 'ADD',
        containerId: 'c1',
        netns: (await host.addPod()).path,
        ifName: 'lo',
        conf: { cniVersion: '1.0.0', name: 'lo', type: 'loopback' },
        env: { CNI_TS_IP: 'exec', PATH: `${place}:${PATH}` },
      });
      expect(outcome).toMatchObject({ exitCode: 0, error: undefined, stderr: '' });
      rmSync(place, { recursive: true });
    }
  } finally {
    await host.dispose();
  }
});
