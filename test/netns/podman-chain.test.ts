import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attachmentOf, SHARED as SHARED_BY_BRIDGE } from './bridge/support.ts';
import { NATIVE } from './harness/drivers.ts';
import { Runtime } from './harness/libcni.ts';
import type { Conflist } from './harness/libcni-conf.ts';
import { BUILT_PLUGINS } from './harness/plugin.ts';
import { podmanPlugins } from './harness/podman-list.ts';
import { useHost } from './harness/use.ts';
import { SHARED as SHARED_BY_PORTMAP, tcp } from './portmap/support.ts';

const LIST: Conflist = {
  cniVersion: '0.4.0',
  name: 'podnet',
  plugins: podmanPlugins({ subnet: '10.89.0.0/24', gateway: '10.89.0.1' }),
};

/** The reference starts 47 processes for an ADD of this list and 36 for a DEL. */
const MOST_PROCESSES = 6;

/** The bridge, and what of the firewall all containers share. */
const SHARED_BY_LIST = [
  /^host (?:link|address) cni-podman1 /,
  /^host (?:route-[46]|qdisc) .*"dev":"cni-podman1"/,
  /^host nft table ip filter chain CNI-(?:FORWARD|ADMIN) \{/,
  /^host nft table ip filter chain (?:FORWARD counter jump CNI-FORWARD|CNI-FORWARD counter jump CNI-ADMIN)$/,
  /^host iptables-save \*filter :CNI-(?:FORWARD|ADMIN) /,
  /^host iptables-save \*filter -A (?:FORWARD|CNI-FORWARD) -m comment --comment "CNI firewall plugin /,
];

const host = await useHost({ mayStay: [...SHARED_BY_BRIDGE, ...SHARED_BY_PORTMAP, ...SHARED_BY_LIST] });
const folder = mkdtempSync(join(tmpdir(), 'cni-ts-counted-'));
const traces = join(folder, 'traces');

beforeAll(() => {
  mkdirSync(traces);
  for (const { type } of LIST.plugins) {
    const plugin = join(folder, type);
    writeFileSync(
      plugin,
      `#!/bin/sh\nexec strace -f -qq -e trace=execve -o ${traces}/${type}.$$ ${BUILT_PLUGINS}/${type}\n`,
    );
    chmodSync(plugin, 0o755);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The programs that were started since the last look, plugins among them. */
function started(): string[] {
  const programs: string[] = [];
  for (const name of readdirSync(traces)) {
    const trace = readFileSync(join(traces, name), 'utf8');
    for (const [, path] of trace.matchAll(/execve\("([^"]*)".*(?: = 0| <unfinished \.\.\.>)$/gm))
      programs.push(path?.split('/').at(-1) ?? '');
    rmSync(join(traces, name));
  }
  return programs.sort();
}

test('the whole list, and no process besides its plugins', async () => {
  const runtime = new Runtime(host, [folder, BUILT_PLUGINS], NATIVE);
  // What all containers share is made by the first.
  const first = {
    ...attachmentOf(await host.addPod()),
    containerId: 'first',
    capabilities: { portMappings: [tcp(8000, 80)] },
  };
  await runtime.add(LIST, first);
  const pod = await host.addPod();
  const attachment = { ...attachmentOf(pod), capabilities: { portMappings: [tcp(8080, 80)] } };
  started();
  const result = await runtime.add(LIST, attachment);
  const added = started();
  expect(result?.ips?.[0]?.address).toBe('10.89.0.3/24');
  await runtime.check(LIST, attachment);
  const checked = started();
  await runtime.del(LIST, attachment);
  const removed = started();
  const plugins = ['bridge', 'firewall', 'portmap', 'tuning'];
  expect([added, checked, removed]).toEqual([plugins, plugins, plugins]);
  expect(plugins.length).toBeLessThanOrEqual(MOST_PROCESSES);
  await runtime.delTwice(LIST, attachment);
  await runtime.delTwice(LIST, first);
});
