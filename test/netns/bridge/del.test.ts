import { expect, test } from 'vitest';
import type { Host, Pod } from '../harness/host.ts';
import { Runtime } from '../harness/libcni.ts';
import { callPlugin } from '../harness/plugin.ts';
import { useHost } from '../harness/use.ts';
import { attachmentOf, leasesOn, listOf, SHARED, vethsOn } from './support.ts';

const host = await useHost({ mayStay: SHARED });

/** What has happened between ADD and DEL, and how DEL is called then. */
interface Scenario {
  readonly title: string;
  readonly conf?: object;
  readonly before?: (host: Host, pod: Pod) => Promise<unknown>;
  /** What is different in the configuration of the DEL. */
  readonly changed?: object;
  readonly netns?: string;
  readonly prevResult?: false;
}

const MASQUERADES: readonly object[] = [
  {},
  { ipMasq: true, ipMasqBackend: 'iptables' },
  { ipMasq: true, ipMasqBackend: 'nftables' },
  { ipMasq: true, macspoofchk: true },
];

const loseRecords = (at: Host) => at.run(['rm', '-rf', '/run/cni-ts']);
const vethOf = async (at: Host) => (await vethsOn(at))[0] ?? 'none';

const SCENARIOS: readonly Scenario[] = [
  { title: 'all is as it was' },
  { title: 'no result is passed', prevResult: false },
  { title: 'the namespace is not named', netns: '' },
  { title: 'neither namespace nor result', netns: '', prevResult: false },
  { title: 'the namespace is gone', before: (_, pod) => pod.remove() },
  {
    title: 'the namespace is gone and nothing is passed',
    before: (_, pod) => pod.remove(),
    netns: '',
    prevResult: false,
  },
  { title: 'the path leads nowhere any more', netns: '/run/netns/nowhere' },
  { title: 'the record is lost', before: loseRecords },
  { title: 'the record and the result are lost', before: loseRecords, prevResult: false },
  { title: 'the record, the result and the namespace are lost', before: loseRecords, netns: '', prevResult: false },
  { title: 'the bridge was deleted', before: (at) => at.ip('link del dev cni0') },
  { title: "the host's end was deleted", before: async (at) => at.ip(`link del dev ${await vethOf(at)}`) },
  {
    title: "the host's end was taken off the bridge",
    before: async (at) => at.ip(`link set dev ${await vethOf(at)} nomaster`),
  },
  { title: "the container's end was renamed", before: (_, pod) => pod.ip('link set dev eth0 down name eth7') },
  { title: 'another bridge is configured', changed: { bridge: 'br-other' } },
  { title: 'the masquerade is configured otherwise', changed: { ipMasqBackend: 'nftables' } },
  { title: 'the masquerade is switched off', changed: { ipMasq: false, macspoofchk: false } },
  { title: 'another subnet is configured', changed: { ipam: { type: 'host-local', subnet: '10.7.0.0/24' } } },
  { title: 'there is no IPAM any more', changed: { ipam: {} } },
  {
    title: 'the leases are kept elsewhere',
    changed: { ipam: { type: 'host-local', subnet: '10.1.0.0/24', dataDir: '/run/elsewhere' } },
  },
  { title: 'what it says contradicts itself', changed: { vlan: 5000, hairpinMode: true, promiscMode: true } },
];

for (const scenario of SCENARIOS) {
  test(`DEL leaves nothing: ${scenario.title}`, async () => {
    for (const masquerade of MASQUERADES) {
      const pod = await host.addPod();
      const runtime = new Runtime(host);
      const conf = { ...masquerade, ...scenario.conf };
      const attachment = attachmentOf(pod);
      await runtime.add(listOf(conf), attachment);
      expect(await leasesOn(host)).toHaveLength(1);
      await scenario.before?.(host, pod);
      const { netns, prevResult } = scenario;
      const options = {
        ...(netns === undefined ? {} : { netns }),
        ...(prevResult === undefined ? {} : { prevResult }),
      };
      const changed = listOf({ ...conf, ...scenario.changed });
      await runtime.del(changed, attachment, options);
      await runtime.del(changed, attachment, { netns: '', prevResult: false });
      expect(await vethsOn(host)).toEqual([]);
      expect(await leasesOn(host)).toEqual([]);
    }
  });
}

test("another attachment's link of the same name is left alone", async () => {
  const pod = await host.addPod();
  const runtime = new Runtime(host);
  const owner = attachmentOf(pod, 'owner');
  const result = await runtime.add(listOf(), owner);
  const address = result?.ips?.[0]?.address ?? 'none';
  const refused = await callPlugin(host, 'bridge', {
    verb: 'ADD',
    ...attachmentOf(pod, 'late'),
    conf: { cniVersion: '1.1.0', name: 'net', ...listOf().plugins[0] },
  });
  expect(refused.error?.msg).toMatch(
    /^container veth name \("eth0"\) peer provided \("veth[\da-f]{8}"\) already exists$/,
  );
  expect(refused.error?.details).toContain(address);
  expect(await leasesOn(host)).toEqual([address.replace(/\/.*/, '')]);
  // A runtime cleans up after a failed ADD, and must not hit the one that is there.
  const del = await callPlugin(host, 'bridge', {
    verb: 'DEL',
    ...attachmentOf(pod, 'late'),
    conf: { cniVersion: '1.1.0', name: 'net', ...listOf().plugins[0] },
  });
  expect(del.exitCode).toBe(0);
  expect(del.stderr).toContain('belongs to cni-ts:net/owner/eth0');
  await runtime.check(listOf(), owner);
  await runtime.del(listOf(), owner);
});

test("a link of another kind that has the interface's name is left alone", async () => {
  const pod = await host.addPod();
  await pod.ip('link add name eth0 type bridge');
  const conf = { cniVersion: '1.1.0', name: 'net', ...listOf().plugins[0] };
  const refused = await callPlugin(host, 'bridge', { verb: 'ADD', ...attachmentOf(pod), conf });
  expect(refused.error?.msg).toContain('already exists');
  const { exitCode } = await callPlugin(host, 'bridge', { verb: 'DEL', ...attachmentOf(pod), conf });
  expect(exitCode).toBe(0);
  expect(await pod.ip('-br link show dev eth0')).toContain('eth0');
});
