import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { vethsOn } from '../bridge/support.ts';
import type { Pod } from '../harness/host.ts';
import { expectUnchanged } from '../harness/snapshot.ts';
import { useHost } from '../harness/use.ts';
import { CONF_FOLDER, cnitoolOn, configure, lookAt, MAY_STAY, toolOn } from './support.ts';

const host = await useHost({ mayStay: [...MAY_STAY, /cni0/, /^host (address|route|iptables|nft)/] });
const cni = toolOn(host);

/** What `cni show --json` prints, as far as it is looked at. */
interface Picture {
  readonly bridges: readonly {
    readonly name: string;
    readonly addresses: readonly string[];
    readonly otherPorts: readonly string[];
    readonly attachments: readonly Attachment[];
  }[];
  readonly others: readonly Attachment[];
}

interface Attachment {
  readonly state: string;
  readonly hostLink: string;
  readonly addresses: readonly string[];
  readonly problems: readonly string[];
}

let web: Pod;
let db: Pod;

async function picture(): Promise<Picture> {
  const { stdout, exitCode } = await cni('show', '--json');
  expect(exitCode).toBe(0);
  return JSON.parse(stdout) as Picture;
}

async function add(pod: Pod, name: string, ports: readonly number[]): Promise<void> {
  const portMappings = ports.map((hostPort) => ({ hostPort, containerPort: 80, protocol: 'tcp' }));
  const CNI_ARGS = `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=${name}`;
  const tool = toolOn(host, { CNI_ARGS, CAP_ARGS: JSON.stringify({ portMappings }) });
  expect(await tool('add', 'net', pod.path)).toMatchObject({ exitCode: 0 });
}

beforeEach(async () => {
  const bridge = { type: 'bridge', isGateway: true, ipam: { type: 'host-local', subnet: '10.88.0.0/24' } };
  const plugins = [bridge, { type: 'portmap', capabilities: { portMappings: true } }];
  configure(host, '10-net.conflist', { cniVersion: '1.0.0', name: 'net', plugins });
  [web, db] = [await host.addPod(), await host.addPod()];
  await add(web, 'web-0', [8080, 8081]);
  await add(db, 'db<&>"0', []);
});

afterEach(async () => {
  await cnitoolOn(host)('gc', 'net', web.path);
  await host.run(['ip', 'link', 'del', 'cni0']);
  for (const folder of [CONF_FOLDER, '/var/lib/cni/results', '/var/lib/cni/networks', '/run/drawing.svg']) {
    rmSync(host.root + folder, { recursive: true, force: true });
  }
});

test('a tree of bridges, links and containers, from the kernel and the records', async () => {
  await host.ip('link add foreign type veth peer name other');
  await host.ip('link set foreign master cni0');
  const before = await lookAt(host);
  const { stdout, stderr, exitCode } = await cni('show');
  expectUnchanged(before, await lookAt(host), 'looking has changed the host');
  await host.ip('link del foreign');
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  const lines = stdout.split('\n');
  expect(lines[0]).toBe('cni0  10.88.0.1/24  up  mtu 1500');
  expect(lines.find((line) => line.includes('web-0'))).toMatch(/^├─ veth[\da-f]{8} ── eth0 {2}● default\/web-0$/);
  expect(stdout).toContain('│     10.88.0.2/24\n');
  expect(stdout).toContain('ports 8080/tcp → 80, 8081/tcp → 80\n');
  expect(stdout).toMatch(/network net · container cnitool-[\da-f]{20} · for \d s · \/run\/netns\/pod-/);
  expect(lines.at(-2)).toBe('└─ foreign  not known to this suite');
});

test('what is not as it was made is said, and addresses are those of now', async () => {
  await web.ip('addr del 10.88.0.2/24 dev eth0');
  await web.ip('addr add 10.88.0.77/24 dev eth0');
  const [bridge] = (await picture()).bridges;
  const own = bridge?.attachments.find(({ addresses }) => addresses.includes('10.88.0.77/24'));
  expect(own).toMatchObject({ state: 'alive', problems: ['eth0 lacks 10.88.0.2/24'] });
  await host.ip(`link set ${own?.hostLink} down`);
  expect((await cni('show')).stdout).toContain(`! ${own?.hostLink} is down`);
  await host.ip(`link set ${own?.hostLink} nomaster`);
  expect((await picture()).others[0]?.problems[0]).toBe(`${own?.hostLink} is no port of cni0 any more`);
  await web.ip('link del eth0');
  expect((await picture()).others[0]?.problems).toEqual([
    `the host’s end ${own?.hostLink} is gone`,
    'there is no eth0 in the container',
  ]);
});

test('the dead are marked, and links without a record are known by what is written on them', async () => {
  await db.remove();
  // The kernel gives the number of a namespace to the next one: to this, in which nobody ever is.
  await host.addPod();
  expect((await cni('show')).stdout).toMatch(/✗ default\/db/);
  // The kernel takes a moment to remove the dead one's link.
  await expect.poll(() => vethsOn(host)).toHaveLength(1);
  const [id] = await vethsOn(host);
  rmSync(`${host.root}/run/cni-ts/attachments`, { recursive: true });
  const byLease = (await picture()).bridges[0]?.attachments;
  expect(byLease).toMatchObject([{ hostLink: id, state: 'alive', addresses: ['10.88.0.2/24'] }]);
  for (const folder of ['networks', 'results']) rmSync(`${host.root}/var/lib/cni/${folder}`, { recursive: true });
  const { bridges, others } = await picture();
  expect(others).toEqual([]);
  expect(bridges[0]?.attachments).toMatchObject([
    { hostLink: id, state: 'unknown', problems: [expect.stringContaining('record is lost')] },
  ]);
  await host.ip(`link del ${id}`);
});

test('the drawing is a document that a reader of XML takes, with everything in it', async () => {
  expect(await cni('show', '--svg', '/run/drawing.svg')).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
  const text = readFileSync(`${host.root}/run/drawing.svg`, 'utf8');
  for (const part of [
    'cni0',
    '10.88.0.1/24',
    'default/web-0',
    'default/db&lt;&amp;&gt;&quot;0',
    '8080/tcp → 80',
    '10.88.0.2/24',
  ]) {
    expect(text).toContain(part);
  }
  const parser =
    'import sys, xml.dom.minidom; print(len(xml.dom.minidom.parse(sys.argv[1]).getElementsByTagName("circle")))';
  expect((await host.run(['python3', '-c', parser, '/run/drawing.svg'])).stdout).toBe('2\n');
});

test('the uplink is drawn, and what macvlans are on top of', async () => {
  await host.ip('link add lan0 type veth peer name far0');
  await host.ip('link set far0 up');
  await host.ip('addr add 192.0.2.2/24 dev lan0');
  await host.ip('link set lan0 up');
  await host.ip('route add default via 192.0.2.1');
  expect((await cni('show', '--svg', '-')).stdout).toMatch(/>lan0<[\s\S]*>192\.0\.2\.2\/24<[\s\S]*>uplink, mtu 1500</);
  const ipam = { type: 'host-local', subnet: '192.0.2.0/24', rangeStart: '192.0.2.100' };
  configure(host, '20-lan.conflist', {
    cniVersion: '1.0.0',
    name: 'lan',
    plugins: [{ type: 'macvlan', master: 'lan0', ipam }],
  });
  const pod = await host.addPod();
  expect(await cni('add', 'lan', pod.path)).toMatchObject({ exitCode: 0 });
  const { masters, others } = JSON.parse((await cni('show', '--json')).stdout);
  expect(others).toEqual([]);
  expect(masters).toMatchObject([
    { name: 'lan0', isUplink: true, attachments: [{ network: 'lan', master: 'lan0', addresses: ['192.0.2.100/24'] }] },
  ]);
  expect((await cni('show', '--svg', '-')).stdout).toContain('>eth0  192.0.2.100/24<');
  expect((await cni('show')).stdout).toMatch(/^lan0 {2}192\.0\.2\.2\/24 {2}up {2}mtu 1500\n└─ eth0 {2}● cnitool-/m);
  await cni('del', 'lan', pod.path);
  await host.ip('link del lan0');
});

test('nothing is said to be nothing, and a damaged record is told', async () => {
  await cnitoolOn(host)('gc', 'net', web.path);
  await host.ip('link del cni0');
  expect(await cni('show')).toMatchObject({
    exitCode: 0,
    stdout: 'no container is attached to a network of this host\n',
  });
  const folder = `${host.root}/run/cni-ts/attachments/broken`;
  mkdirSync(folder);
  writeFileSync(`${folder}/x.json`, '{');
  expect(await cni('show')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('damaged record') });
  rmSync(folder, { recursive: true });
});
