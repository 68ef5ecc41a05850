import { closeSync, openSync, readdirSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Pod } from '../harness/host.ts';
import { expectUnchanged } from '../harness/snapshot.ts';
import { useHost } from '../harness/use.ts';
import { CONF_FOLDER, cnitoolOn, configure, lookAt, MAY_STAY, toolOn } from './support.ts';

const host = await useHost({
  mayStay: [...MAY_STAY, /^host link cni0 /, /^host (address|route|iptables|nft)/, /cni0/],
});
const LEASES = `${host.root}/var/lib/cni/networks/net`;
const PLUGINS = (backend: string) => [
  { type: 'bridge', isGateway: true, ipam: { type: 'host-local', subnet: '10.88.0.0/24' } },
  { type: 'portmap', backend, capabilities: { portMappings: true } },
];

/** What `cni leases --json` and `cni ports --json` print, as far as it is looked at. */
interface Listed {
  readonly released: readonly string[];
  readonly leases: readonly {
    readonly address: string;
    readonly state: string;
    readonly containerId: string;
    readonly pod?: object;
  }[];
  readonly ports: readonly { readonly hostPort: number; readonly state: string; readonly targets: readonly string[] }[];
}

async function add(pod: Pod, hostPort: number, args = ''): Promise<void> {
  const CAP_ARGS = JSON.stringify({ portMappings: [{ hostPort, containerPort: 80, protocol: 'tcp' }] });
  const tool = toolOn(host, { CAP_ARGS, ...(args === '' ? {} : { CNI_ARGS: args }) });
  expect(await tool('add', 'net', pod.path)).toMatchObject({ exitCode: 0, stderr: '' });
}

/** A namespace that is held when it has no name any more. */
let held: number | undefined;

const cni = toolOn(host);
const json = async (...args: string[]) => JSON.parse((await cni(...args, '--json')).stdout) as Listed;

async function rules(): Promise<string> {
  return (await host.run(['sh', '-c', 'iptables-save -t nat; nft list ruleset'])).stdout;
}

describe.each(['iptables', 'nftables'])('with %s', (backend) => {
  let living: Pod;
  let dead: Pod;

  beforeEach(async () => {
    configure(host, '10-net.conflist', { cniVersion: '1.0.0', name: 'net', plugins: PLUGINS(backend) });
    living = await host.addPod();
    dead = await host.addPod();
    await add(living, 8080, 'IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0');
    await add(dead, 8081);
  });

  afterEach(async () => {
    await cnitoolOn(host)('gc', 'net', living.path);
    if (held !== undefined) closeSync(held);
    held = undefined;
    await host.ip('link del cni0');
    for (const folder of [CONF_FOLDER, '/var/lib/cni/results', '/var/lib/cni/networks'])
      rmSync(host.root + folder, { recursive: true, force: true });
  });

  test('all are alive: looking changes nothing and says who has what', async () => {
    const before = await lookAt(host);
    const [leases, ports] = [await cni('leases'), await cni('ports')];
    expectUnchanged(before, await lookAt(host), 'looking has changed the host');
    expect(leases).toMatchObject({ exitCode: 0, stderr: '' });
    expect(leases.stdout).toMatch(/^net +10\.88\.0\.2 +cnitool-\S+ +eth0 +default\/web-0 +\d s +alive$/m);
    expect(ports).toMatchObject({ exitCode: 0, stderr: '' });
    expect(ports.stdout).toMatch(/^8080\/tcp +all +10\.88\.0\.2:80 +cnitool-\S+ +default\/web-0 +\d s +alive$/m);
    expect(await json('leases')).toMatchObject({
      released: [],
      leases: [
        { address: '10.88.0.2', ifName: 'eth0', pod: { namespace: 'default', name: 'web-0' }, state: 'alive' },
        { address: '10.88.0.3', state: 'alive' },
      ],
    });
  });

  // A look is wrong for the moment in which a process of another test is counted where nobody is any more.
  test('the dead are told from the living, and --fix releases them and nothing else', { retry: 2 }, async () => {
    // The kernel would give its number to the next namespace of any test, and somebody may be in that.
    held = openSync(dead.outerPath, 'r');
    await dead.remove();
    for (const what of ['leases', 'ports']) {
      const before = await lookAt(host);
      const looked = await cni(what);
      expect(looked).toMatchObject({ exitCode: 1, stdout: expect.stringContaining(`"cni ${what} --fix"`) });
      expect(looked.stdout).toMatch(/dead: its (network )?namespace is gone$/m);
      expectUnchanged(before, await lookAt(host), 'looking has changed the host');
    }
    const before = await rules();
    expect(before).toContain('8081');
    expect(await cni('ports', '--fix')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^released 8081\/tcp of /),
    });
    const after = await rules();
    expect(after).not.toContain('8081');
    for (const line of before.split('\n').filter((text) => text.includes('8080') || text.includes('10.88.0.2:80'))) {
      expect(after.replace(/\[\d+:\d+\]/g, '')).toContain(line.replace(/\[\d+:\d+\]/g, ''));
    }
    expect((await json('ports')).ports.map(({ hostPort }) => hostPort)).toEqual([8080]);

    expect(readdirSync(LEASES)).toContain('10.88.0.3');
    const fixed = await json('leases', '--fix');
    expect(fixed.released).toEqual(['/var/lib/cni/networks/net/10.88.0.3']);
    expect(fixed.leases.map(({ address, state }) => [address, state])).toEqual([['10.88.0.2', 'alive']]);
    expect(readdirSync(LEASES)).not.toContain('10.88.0.3');
    expect((await json('leases', '--fix')).released).toEqual([]);
    expect(await toolOn(host)('check', 'net', living.path)).toMatchObject({ exitCode: 0 });
    await add(await host.addPod(), 8081);
  });
});

test('without any there is nothing to say, and leases of another folder are found', async () => {
  const ipam = { type: 'host-local', subnet: '10.1.0.0/24', dataDir: '/run/net.d/elsewhere' };
  const plugins = [{ type: 'bridge', ipam }];
  expect(await cni('leases')).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^no leases in \/var\/lib\/cni\/networks/),
  });
  expect(await cni('ports')).toMatchObject({ exitCode: 0, stdout: 'no port of this host leads to a container\n' });
  configure(host, '10-net.conflist', { cniVersion: '1.0.0', name: 'net', plugins });
  const pod = await host.addPod();
  expect(await cni('add', 'net', pod.path)).toMatchObject({ exitCode: 0 });
  expect((await cni('leases')).stdout).toContain('10.1.0.2');
  rmSync(`${host.root}${CONF_FOLDER}/10-net.conflist`);
  expect((await cni('leases')).stdout).not.toContain('10.1.0.2');
  expect((await cni('leases', '--data-dir', '/run/net.d/elsewhere')).stdout).toContain('10.1.0.2');
  configure(host, '10-net.conflist', { cniVersion: '1.0.0', name: 'net', plugins });
  await cni('del', 'net', pod.path);
  await host.ip('link del cni0');
  rmSync(host.root + CONF_FOLDER, { recursive: true });
});
