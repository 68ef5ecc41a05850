import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { referenceSuite } from '../bridge/suites.ts';
import type { Pod } from '../harness/host.ts';
import { expectUnchanged, takeSnapshot } from '../harness/snapshot.ts';
import { useHost } from '../harness/use.ts';
import { type Attached, listOf, Pods } from '../portmap/pods.ts';
import { BACKENDS } from '../portmap/support.ts';
import { MAY_STAY, toolOn } from './support.ts';

const REFERENCE = await referenceSuite();
const host = await useHost({
  mayStay: [...MAY_STAY, /cni0/, /^host (address|route|iptables|nft)/, /^host ip6?tables/],
});
const cni = toolOn(host);
const json = async (...args: string[]) => JSON.parse((await cni(...args, '--json')).stdout);
/** An address of IPv6 is good for something only a second after the reference has given it to the bridge. */
const look = () => takeSnapshot(host, { ignore: [/fe80:/, /^host route-6 .*"table":"local"/] });
const RESULTS = '/var/lib/cni/results';

describe.each(BACKENDS)('pods of the reference, ports by %s', (backend) => {
  let pods: Pods;
  let web: Attached;
  let gone: Attached;

  beforeEach(async () => {
    pods = new Pods(host, REFERENCE, listOf(backend));
    web = await pods.add('web', [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }]);
    gone = await pods.add('gone', [{ hostPort: 8081, containerPort: 80, protocol: 'tcp' }]);
    cached('web', web.pod);
  });

  afterEach(async () => {
    await pods.removeAll();
    await host.ip('link del cni0');
    for (const folder of [RESULTS, '/var/lib/cni/networks']) rmSync(host.root + folder, { recursive: true });
  });

  test('looking finds them by the kernel, their leases and libcni’s cache, and changes nothing', async () => {
    const before = await look();
    const ports = await cni('ports');
    const [leases, shown, doctor] = [await cni('leases'), await cni('show'), await cni('doctor')];
    expectUnchanged(before, await look(), 'looking has changed the host');
    expect(ports).toMatchObject({ exitCode: 0, stderr: '' });
    expect(ports.stdout).toMatch(
      new RegExp(`^8080/tcp +all +${web.ipv4}:80 \\[${web.ipv6}\\]:80 +web +shop/web-0 +alive$`, 'm'),
    );
    expect(ports.stdout).toMatch(/^8081\/tcp +all +\S+:80 \S+ +gone +alive$/m);
    expect(leases).toMatchObject({ exitCode: 0, stderr: '' });
    expect(leases.stdout).toMatch(new RegExp(`^net +${web.ipv4} +web +eth0 +shop/web-0 .*alive$`, 'm'));
    expect(leases.stdout).not.toContain('unknown');
    expect(shown).toMatchObject({ exitCode: 0, stderr: '' });
    expect(shown.stdout).toMatch(/── eth0 {2}● shop\/web-0$/m);
    expect(shown.stdout).toContain(`${web.ipv4}/16`);
    expect(shown.stdout).toContain('ports 8080/tcp → 80\n');
    expect(shown.stdout).toMatch(new RegExp(`network net · container web · for \\d+ s · ${web.pod.path}`));
    expect(shown.stdout).not.toContain('not known to this suite');
    expect(doctor.stdout).not.toContain('[rules]');
    expect(doctor.stdout).not.toContain('[ports]');
  });

  test('a port of a pod that is gone is said to be, and --fix takes its rules away and no others', async () => {
    await gone.pod.remove();
    expect((await json('ports')).ports).toMatchObject([
      { hostPort: 8080, containerId: 'web', state: 'alive', network: 'net' },
      { hostPort: 8081, containerId: 'gone', state: 'dead' },
    ]);
    expect((await cni('doctor')).stdout).toMatch(
      /rules lead the host port tcp-8081 to container gone.*, of which no namespace is left \[ports\]/,
    );
    const fixed = await cni('ports', '--fix');
    expect(fixed).toMatchObject({ exitCode: 0, stderr: '' });
    expect(fixed.stdout).toMatch(/^released 8081\/tcp of container gone$/m);
    expect((await json('ports')).ports).toMatchObject([{ hostPort: 8080, state: 'alive' }]);
  });
});

/** What libcni keeps of an attachment; the harness' runtime keeps none. */
function cached(containerId: string, pod: Pod): void {
  const document = {
    kind: 'cniCacheV1',
    containerId,
    ifName: 'eth0',
    networkName: 'net',
    netns: pod.path,
    cniArgs: [
      ['K8S_POD_NAMESPACE', 'shop'],
      ['K8S_POD_NAME', 'web-0'],
    ],
    result: { cniVersion: '1.0.0' },
  };
  mkdirSync(host.root + RESULTS, { recursive: true, mode: 0o700 });
  writeFileSync(`${host.root}${RESULTS}/net-${containerId}-eth0`, JSON.stringify(document));
}
