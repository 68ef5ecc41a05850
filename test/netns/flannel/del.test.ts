import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { referencePlugins } from '../../../scripts/lib/reference.ts';
import { attachmentOf, leasesOn, vethsOn } from '../bridge/support.ts';
import type { Host, Pod } from '../harness/host.ts';
import { Runtime } from '../harness/libcni.ts';
import { BUILT_PLUGINS, callPlugin } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import { DATA_DIR, flannelList, NODE, removeSubnets, STAYS, storedOn, writeSubnets } from './support.ts';

const host = await useHost({ mayStay: STAYS });
const reference = await referencePlugins();

/** What has happened between ADD and DEL, and how DEL is called then. */
interface Scenario {
  readonly title: string;
  readonly before?: (host: Host, pod: Pod) => unknown;
  /** What is different in the configuration of the DEL. */
  readonly changed?: object;
  readonly netns?: string;
  readonly prevResult?: false;
}

const STORED = `${DATA_DIR}/c1`;
const loseStored = (at: Host) => at.run(['rm', '-rf', DATA_DIR]);
const loseRecords = (at: Host) => at.run(['rm', '-rf', '/run/cni-ts']);
const damage = (text: string) => (at: Host) => writeFileSync(at.root + STORED, text);
const all =
  (...steps: readonly ((at: Host, pod: Pod) => unknown)[]) =>
  async (at: Host, pod: Pod) => {
    for (const step of steps) await step(at, pod);
  };
const removePod = (_: Host, pod: Pod) => pod.remove();

const SCENARIOS: readonly Scenario[] = [
  { title: 'all is as it was' },
  { title: 'neither namespace nor result', netns: '', prevResult: false },
  { title: 'the namespace is gone', before: removePod },
  { title: 'the file is lost', before: loseStored },
  { title: 'the file is empty', before: damage('') },
  { title: 'the file is cut off', before: damage('{"cniVersion":"0.3.1","hairp') },
  { title: 'the file is no configuration', before: damage('[1]') },
  { title: 'the file names no plugin', before: damage('{"name":"cbr0"}') },
  { title: 'the records are lost', before: loseRecords },
  { title: 'file and records are lost', before: all(loseStored, loseRecords) },
  { title: 'the file is empty and the records are lost', before: all(damage(''), loseRecords) },
  { title: 'file, records and namespace are lost', before: all(loseStored, loseRecords, removePod), netns: '' },
  { title: 'the node has another subnet', before: (at) => writeSubnets(at, { ...NODE, subnet: '10.244.9.1/24' }) },
  {
    title: 'the node has another subnet, and the file is lost',
    before: all((at) => writeSubnets(at, { ...NODE, subnet: '10.244.9.1/24' }), loseStored, loseRecords),
  },
  { title: 'flannel is uninstalled', before: removeSubnets },
  { title: 'flannel is uninstalled, and the file is lost', before: all(removeSubnets, loseStored) },
  {
    title: 'flannel is uninstalled, file and records are lost',
    before: all(removeSubnets, loseStored, loseRecords),
    prevResult: false,
  },
  {
    title: 'nothing is there but the container’s name',
    before: all(removeSubnets, loseStored, loseRecords, removePod),
    netns: '',
    prevResult: false,
  },
  { title: 'the bridge was deleted', before: (at) => at.ip('link del dev cni0') },
  { title: 'another delegate is configured', changed: { delegate: { type: 'nope', master: 'eth7' } } },
  {
    title: 'the delegate has keys that are refused',
    changed: { delegate: { name: 'x', ipam: {}, type: 5 } },
    before: loseStored,
  },
  {
    title: 'routes are configured that are none',
    changed: { ipam: { routes: [{ dst: 'x' }] } },
    before: all(loseStored, loseRecords),
  },
  { title: 'leases are kept elsewhere now', changed: { ipam: { dataDir: '/run/elsewhere' } } },
];

/** Without the namespace, rules of a network that flanneld does not masquerade are found by the names alone. */
const NODES = [
  ['flanneld masquerades', NODE],
  ['bridge masquerades', { ...NODE, masquerades: false }],
] as const;

for (const scenario of SCENARIOS) {
  test(`DEL leaves nothing: ${scenario.title}`, async () => {
    for (const [, subnets] of NODES) {
      writeSubnets(host, subnets);
      const pod = await host.addPod();
      const runtime = new Runtime(host);
      const attachment = attachmentOf(pod);
      const cniVersion = '1.0.0';
      await runtime.add(flannelList({}, { cniVersion }), attachment);
      expect(await leasesOn(host, 'cbr0')).toHaveLength(1);
      expect(await storedOn(host)).toEqual(['c1']);
      await scenario.before?.(host, pod);
      const { netns, prevResult } = scenario;
      const options = {
        ...(netns === undefined ? {} : { netns }),
        ...(prevResult === undefined ? {} : { prevResult }),
      };
      const changed = flannelList(scenario.changed, { cniVersion });
      await runtime.del(changed, attachment, options);
      await runtime.del(changed, attachment, { netns: '', prevResult: false }).catch((thrown: unknown) => {
        // Nothing is known by then but a configuration whose plugin there has never been.
        if (scenario.changed === undefined || !('delegate' in scenario.changed)) throw thrown;
      });
      expect(await vethsOn(host)).toEqual([]);
      expect(await leasesOn(host, 'cbr0')).toEqual([]);
      expect(await storedOn(host)).toEqual([]);
      const { stdout } = await host.run(['sh', '-c', 'iptables-save; nft list ruleset']);
      expect(stdout).not.toContain('c1');
    }
  });
}

test('DEL of a container that was never added', async () => {
  writeSubnets(host);
  const { exitCode, stdout, stderr } = await callPlugin(host, 'flannel', {
    verb: 'DEL',
    containerId: 'nobody',
    ifName: 'eth0',
    conf: { ...flannelList().plugins[0], cniVersion: '0.3.1', name: 'cbr0' },
  });
  expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: '', stderr: '' });
});

test('the file stays as long as the delegate fails', async () => {
  writeSubnets(host);
  const pod = await host.addPod();
  const [list, attachment] = [flannelList(), attachmentOf(pod)];
  const runtime = new Runtime(host);
  await runtime.add(list, attachment);
  // The folder of the leases cannot be worked on, so the address stays, and with it what is known about it.
  await host.run(['mv', '/var/lib/cni/networks', '/var/lib/cni/aside']);
  await host.run(['touch', '/var/lib/cni/networks']);
  await expect(runtime.del(list, attachment)).rejects.toThrow('/var/lib/cni/networks');
  expect(await storedOn(host)).toEqual(['c1']);
  await host.run(['rm', '/var/lib/cni/networks']);
  await host.run(['mv', '/var/lib/cni/aside', '/var/lib/cni/networks']);
  await runtime.del(list, attachment);
  expect(await storedOn(host)).toEqual([]);
  expect(await leasesOn(host, 'cbr0')).toEqual([]);
});

test('a delegate that is not installed any more', async () => {
  writeSubnets(host);
  await host.ip('link add name eth9 type veth peer name eth9-peer');
  await host.ip('link set dev eth9 up');
  await host.run(['mkdir', '-p', '/run/foreign']);
  await host.run(['cp', `${reference}/macvlan`, '/run/foreign/foreign-macvlan']);
  const list = flannelList({ delegate: { type: 'foreign-macvlan', master: 'eth9' } });
  const pod = await host.addPod();
  const attachment = attachmentOf(pod);
  await new Runtime(host, [BUILT_PLUGINS, '/run/foreign']).add(list, attachment);
  expect(await leasesOn(host, 'cbr0')).toHaveLength(1);
  expect(await pod.ip('-br link')).toContain('eth0');
  const runtime = new Runtime(host);
  await runtime.del(list, attachment);
  expect(runtime.calls[0]?.outcome.stderr).toContain(
    `failed to find plugin "foreign-macvlan" in path [${BUILT_PLUGINS}]; removed its link and address without it`,
  );
  expect(await pod.ip('-br link')).not.toContain('eth0');
  expect(await leasesOn(host, 'cbr0')).toEqual([]);
  expect(await storedOn(host)).toEqual([]);
  await runtime.del(list, attachment, { netns: '', prevResult: false });
  await host.run(['rm', '-rf', '/run/foreign']);
  await host.ip('link del dev eth9');
});

test('a network that has another name by now', async () => {
  writeSubnets(host);
  const pod = await host.addPod();
  const runtime = new Runtime(host);
  const attachment = attachmentOf(pod);
  await runtime.add(flannelList(), attachment);
  const renamed = flannelList({}, { name: 'podnet' });
  // As long as it may be in use it is left to the name that it has.
  await runtime.del(renamed, attachment);
  expect(await vethsOn(host)).toHaveLength(1);
  await pod.remove();
  await runtime.del(renamed, attachment, { netns: '', prevResult: false });
  expect(await leasesOn(host, 'cbr0')).toEqual([]);
  expect(await storedOn(host)).toEqual([]);
});

test('what the reference has added is removed, and the other way around', async () => {
  writeSubnets(host);
  const [pod, list] = [await host.addPod(), flannelList()];
  const attachment = attachmentOf(pod);
  const runtime = new Runtime(host);
  await runtime.add(list, attachment);
  const stored = readFileSync(host.root + STORED, 'utf8');
  await runtime.del(list, attachment);

  // What the reference's flannel does: it keeps this text, and runs the plugin that it names with it.
  await host.run(['sh', '-c', `mkdir -p ${DATA_DIR} && cat > ${STORED}`], { stdin: stored });
  const call = { ...attachment, path: reference, conf: stored };
  const added = await callPlugin(host, `${reference}/bridge`, { verb: 'ADD', ...call });
  expect(added.error).toBeUndefined();
  await runtime.del(list, attachment, { prevResult: false });
  expect(await vethsOn(host)).toEqual([]);
  expect(await leasesOn(host, 'cbr0')).toEqual([]);
  expect(await storedOn(host)).toEqual([]);

  await runtime.add(list, attachment);
  expect(readFileSync(host.root + STORED, 'utf8')).toBe(stored);
  const removed = await callPlugin(host, `${reference}/bridge`, { verb: 'DEL', ...call });
  expect(removed.error).toBeUndefined();
  expect(await vethsOn(host)).toEqual([]);
  expect(await leasesOn(host, 'cbr0')).toEqual([]);
  await host.run(['rm', STORED]);
  // And once more here, as the runtime does: what only this suite has goes too.
  await runtime.del(list, attachment, { netns: '', prevResult: false });
});
