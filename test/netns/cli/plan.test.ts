import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { createHost, type Host, type Pod } from '../harness/host.ts';
import { callPlugin, type ErrorDocument } from '../harness/plugin.ts';
import { expectUnchanged } from '../harness/snapshot.ts';
import { CONF_FOLDER, configure, fullList, lookAt, toolOn } from './support.ts';

/** What `cni plan --json` prints, as far as it is looked at. */
interface Planned {
  readonly containerId: string;
  readonly plugins: readonly {
    readonly plugin: string;
    readonly calledBy?: string;
    readonly notes: readonly string[];
  }[];
  readonly result?: { readonly ips: readonly { readonly address: string }[] };
}

const hosts: Host[] = [];

afterEach(async () => {
  for (const host of hosts.splice(0)) await host.dispose();
});

async function newHost(): Promise<{ host: Host; pod: Pod }> {
  const host = await createHost('plan');
  hosts.push(host);
  // As on any node that runs for a while.
  await host.run(['sh', '-c', 'iptables -L; ip6tables -L; iptables -t nat -L; ip6tables -t nat -L']);
  await host.ip('link add name lan0 type veth peer name lan1');
  await host.ip('link set dev lan0 up');
  await host.ip('link set dev lan1 up');
  return { host, pod: await host.addPod() };
}

const PORTS = { CAP_ARGS: JSON.stringify({ portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }] }) };

const ranges = [[{ subnet: '10.88.0.0/16' }], [{ subnet: 'fd00:88::/64' }]];
const hostLocal = { type: 'host-local', ranges, routes: [{ dst: '0.0.0.0/0' }] };
const bridge = { type: 'bridge', bridge: 'cni0', ipam: hostLocal };
const lists: Readonly<Record<string, readonly object[]>> = {
  'bridge without anything': [{ type: 'bridge', bridge: 'cni0' }],
  'bridge with all that has an address': [
    {
      ...bridge,
      isDefaultGateway: true,
      ipMasq: true,
      hairpinMode: true,
      mtu: 1400,
      portIsolation: true,
      macspoofchk: true,
    },
  ],
  'bridge, promiscuous': [{ ...bridge, isGateway: true, promiscMode: true }],
  'bridge with nftables': [{ ...bridge, isGateway: true, ipMasq: true, ipMasqBackend: 'nftables' }],
  'bridge that looks for duplicates': [{ ...bridge, isGateway: true, enabledad: true, forceAddress: true }],
  'bridge with static': [
    {
      ...bridge,
      ipam: {
        type: 'static',
        addresses: [{ address: '10.9.0.2/24', gateway: '10.9.0.1' }],
        routes: [{ dst: '10.77.0.0/16' }],
      },
    },
  ],
  'ptp with a masquerade': [{ type: 'ptp', ipMasq: true, mtu: 1400, ipam: hostLocal }],
  macvlan: [{ type: 'macvlan', master: 'lan0', mac: '02:00:5e:10:00:01', bcqueuelen: 500, ipam: hostLocal }],
  'macvlan without addresses': [{ type: 'macvlan', master: 'lan0', mode: 'vepa', mtu: 1400 }],
  loopback: [{ type: 'loopback' }],
  'the whole chain with iptables': (fullList() as { plugins: object[] }).plugins,
  'the whole chain with nftables': [
    { ...bridge, isDefaultGateway: true, ipMasq: true, ipMasqBackend: 'nftables' },
    { type: 'portmap', backend: 'nftables', capabilities: { portMappings: true } },
    { type: 'firewall', backend: 'nftables', ingressPolicy: 'isolated' },
    { type: 'tuning', mac: '02:00:5e:10:00:01', promisc: true, txQLen: 500, allmulti: true },
  ],
  flannel: [
    { type: 'flannel', delegate: { isDefaultGateway: true, bridge: 'cni0' } },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
};

describe.each(Object.entries(lists))('%s', (_, plugins) => {
  test('touches nothing, and pasted does what ADD does', async () => {
    const { host, pod } = await newHost();
    if (JSON.stringify(plugins).includes('flannel')) {
      mkdirSync(`${host.root}/run/flannel`);
      const text =
        'FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.1.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n';
      writeFileSync(`${host.root}/run/flannel/subnet.env`, text);
    }
    const list = { cniVersion: '1.0.0', name: 'net', plugins };
    configure(host, '10-net.conflist', list);
    const tool = toolOn(host, PORTS);
    const before = await lookAt(host);
    const script = await tool('plan', 'net', pod.path);
    expect(script).toMatchObject({ exitCode: 0, stderr: '' });
    const planned = JSON.parse((await tool('plan', '--json', 'net', pod.path)).stdout) as Planned;
    expectUnchanged(before, await lookAt(host), 'planning has changed the host');

    const paste = await host.run(['sh', '-e'], { stdin: script.stdout });
    expect({ exitCode: paste.exitCode, stderr: paste.exitCode === 0 ? '' : paste.stderr }).toEqual({
      exitCode: 0,
      stderr: '',
    });
    // The MACs of two plans are different.
    const prevResult = withRealMacs(planned.result, await linksOf(host), await linksOf(pod));
    for (const plugin of plugins as readonly { type: string }[]) {
      const conf = {
        ...plugin,
        cniVersion: '1.0.0',
        name: 'net',
        prevResult,
        runtimeConfig: JSON.parse(PORTS.CAP_ARGS),
      };
      const call = { verb: 'CHECK', containerId: planned.containerId, netns: pod.path, ifName: 'eth0', conf };
      const { error } = await callPlugin(host, plugin.type, call);
      expect(error satisfies ErrorDocument | undefined).toBeUndefined();
    }
    const pasted = await shapeOf(host, pod);

    const other = await newHost();
    if (JSON.stringify(plugins).includes('flannel')) {
      await other.host.run(['cp', '-r', `${host.root}/run/flannel`, '/run/']);
    }
    configure(other.host, '10-net.conflist', list);
    const add = await toolOn(other.host, PORTS)('add', 'net', other.pod.path);
    expect(add).toMatchObject({ exitCode: 0 });
    expect(pasted).toEqual(await shapeOf(other.host, other.pod));
    expect(planned.result?.ips).toEqual(JSON.parse(add.stdout).ips);
  });
});

test('an address is the one that would be next, also when one is to be taken back, and the leases stay', async () => {
  const { host, pod } = await newHost();
  const ipam = {
    type: 'host-local',
    ranges: [[{ subnet: '10.88.0.0/29', rangeStart: '10.88.0.2', rangeEnd: '10.88.0.3' }]],
  };
  configure(host, '10-net.conflist', { cniVersion: '1.0.0', name: 'net', plugins: [{ ...bridge, ipam }] });
  const tool = toolOn(host);
  const next = async (path: string) => {
    const before = await lookAt(host);
    const { stdout } = await tool('plan', '--json', 'net', path);
    expectUnchanged(before, await lookAt(host), 'planning has changed the host');
    return (JSON.parse(stdout) as Planned).result?.ips.map(({ address }) => address);
  };
  expect(await next(pod.path)).toEqual(['10.88.0.2/29']);
  await tool('add', 'net', pod.path);
  const second = await host.addPod();
  expect(await next(second.path)).toEqual(['10.88.0.3/29']);
  await tool('add', 'net', second.path);
  await pod.remove();
  // The kernel gives the number of a namespace to the next one: to this, in which nobody ever is.
  await host.addPod();
  const third = await host.addPod();
  expect(await next(third.path)).toEqual(['10.88.0.2/29']);
  const last = JSON.parse((await tool('plan', '--json', 'net', third.path)).stdout) as Planned;
  expect(last.plugins[0]).toMatchObject({ plugin: 'host-local', calledBy: 'bridge' });
  expect(last.plugins[0]?.notes.join()).toContain('reclaimed 10.88.0.2 from container');
});

test('says what the ADD would fail with', async () => {
  const { host, pod } = await newHost();
  configure(host, '10-net.conflist', fullList());
  const tool = toolOn(host, PORTS);
  expect(await tool('add', 'net', pod.path)).toMatchObject({ exitCode: 0 });
  const again = await tool('plan', 'net', pod.path);
  expect(again).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('the ADD would fail: plugin bridge') });
  expect(again.stderr).toContain('already exists');
  const other = await host.addPod();
  const conflict = await tool('plan', 'net', other.path);
  expect(conflict.exitCode).toBe(1);
  expect(conflict.stderr).toContain('the ADD would fail: plugin portmap: host port 8080/tcp is already mapped');
  expect(conflict.stdout).toContain('ip link add name cni0'.replace('cni0', 'veth'));
  const gone = await tool('plan', 'net', '/run/netns/none');
  expect(gone).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('failed to open netns "/run/netns/none"'),
  });
});

test('VLANs are in the plan, also where this kernel has none', async () => {
  const { host, pod } = await newHost();
  const vlans = { vlan: 100, preserveDefaultVlan: false, vlanTrunk: [{ minID: 200, maxID: 210 }], isGateway: true };
  configure(host, '10-net.conflist', { cniVersion: '1.0.0', name: 'net', plugins: [{ ...bridge, ...vlans }] });
  const { stdout, exitCode } = await toolOn(host)('plan', 'net', pod.path);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^ip link add name cni0 type bridge vlan_filtering 1/m);
  expect(stdout).toMatch(/^bridge vlan add dev veth\S+ vid 100 pvid untagged$/m);
  expect(stdout).toMatch(/^bridge vlan add dev veth\S+ vid 200-210$/m);
  expect(stdout).toMatch(/^ip addr add 10.88.0.1\/16 broadcast 10.88.255.255 dev cni0.100 \|\| true$/m);
});

test('a plugin that nobody can look into is said to be one', async () => {
  const { host, pod } = await newHost();
  const plugins = [{ type: 'macfoo' }, { type: 'portmap' }];
  configure(host, '10-net.conflist', { cniVersion: '1.0.0', name: 'net', plugins });
  const first = await toolOn(host)('plan', 'net', pod.path);
  expect(first).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('what macfoo would do is not known') });
  configure(host, '10-net.conflist', { cniVersion: '1.0.0', name: 'net', plugins: [{ type: 'loopback' }, ...plugins] });
  const later = await toolOn(host)('plan', 'net', pod.path);
  expect(later).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('ip link set dev lo up') });
  expect(later.stdout).toContain('# ── portmap');
  rmSync(host.root + CONF_FOLDER, { recursive: true });
});

interface Link {
  readonly ifname: string;
  readonly address: string;
}

async function linksOf(place: { ip(line: string): Promise<string> }): Promise<readonly Link[]> {
  return JSON.parse(await place.ip('-j link show')) as Link[];
}

function withRealMacs(result: object | undefined, ...links: readonly (readonly Link[])[]): object | undefined {
  const { interfaces = [] } = (result ?? {}) as { interfaces?: readonly { name: string; mac?: string }[] };
  if (result === undefined || interfaces.length === 0) return result;
  const real = interfaces.map((one) => ({
    ...one,
    mac: links.flat().find(({ ifname }) => ifname === one.name)?.address,
  }));
  return { ...result, interfaces: real };
}

/** What differs between two ADDs: made up, counted, hashed from names, or shown by iptables-nft as it comes. */
const MADE_UP: readonly (readonly [RegExp, string])[] = [
  [/([\da-f]{1,2}:){5}[\da-f]{1,2}/g, 'MAC'],
  [/veth[\da-f]{8}/g, 'VETH'],
  [/cnitool-[\da-f]{20}/g, 'ID'],
  [/CNI-(DN-)?[\da-f]{20,}/g, 'CHAIN'],
  [/[\da-f]{16}-[\da-f]{16}/g, 'HASHES'],
  [/ counter (masquerade|dnat to \S+)$/, ' counter'],
];

/** What only an ADD leaves: notes, the runtime's result, locks. */
const NOTES = /^file \/run\/(cni|cni-ts)( |\/)|results|\.cni-ts|\/lock /;

/** Everything that a snapshot sees, comparable between two hosts. */
async function shapeOf(host: Host, pod: Pod): Promise<readonly string[]> {
  const lines = [...(await lookAt(host))].filter((line) => !NOTES.test(line));
  const named = lines.map((line) => line.replaceAll(pod.name, 'POD'));
  return named.map((line) => MADE_UP.reduce((text, [what, word]) => text.replace(what, word), line)).sort();
}
