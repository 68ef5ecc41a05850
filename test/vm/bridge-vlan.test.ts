import { describe, expect, test } from 'vitest';
import { BY_IP, NATIVE } from '../netns/harness/drivers.ts';
import { Runtime } from '../netns/harness/libcni.ts';
import { PATH, type Place } from '../netns/harness/place.ts';
import { BUILT_PLUGINS } from '../netns/harness/plugin.ts';
import { useHost } from '../netns/harness/use.ts';
import { SUITES } from './suites.ts';

const host = await useHost({
  purpose: 'bridge',
  mayStay: [
    // The bridge stays for the next pod.
    /\bbr\d\b/,
    // The store of a network, and the folder of all records.
    /file \/var\/lib\/cni\/networks/,
    /\/run\/cni-ts(\/attachments)? folder/,
  ],
});

function listWith(bridge: string, options: object) {
  const ipam = { type: 'host-local', subnet: '10.9.0.0/24' };
  return { cniVersion: '1.0.0', name: bridge, plugins: [{ type: 'bridge', bridge, ipam, ...options }] };
}

interface Port {
  readonly ifname: string;
  readonly vlans: readonly { readonly vlan: number; readonly vlanEnd?: number; readonly flags?: readonly string[] }[];
}

/** What `bridge vlan show` says of one port. */
async function vlansOf(place: Place, port: string): Promise<readonly string[] | undefined> {
  const { stdout } = await place.run(['bridge', '-j', 'vlan', 'show']);
  const ports: readonly Port[] = JSON.parse(stdout);
  return ports
    .find(({ ifname }) => ifname === port)
    ?.vlans.map(({ vlan, vlanEnd = vlan, flags = [] }) => {
      return [vlan === vlanEnd ? vlan : `${vlan}-${vlanEnd}`, ...flags].join(' ');
    });
}

describe.each(SUITES)('bridge of %s', (_name, path) => {
  test('the port of a pod has its own VLAN untagged, those of the trunk tagged, and no other', async () => {
    const pod = await host.addPod();
    const runtime = new Runtime(host, path);
    const attachment = { containerId: 'c1', netns: pod.path, ifName: 'eth0' };
    const list = listWith('br0', { vlan: 100, vlanTrunk: [{ id: 101 }, { minID: 200, maxID: 202 }] });
    const result = await runtime.add(list, attachment);
    const [bridge] = JSON.parse(await host.ip('-j -d link show dev br0'));
    expect(bridge.linkinfo.info_data.vlan_filtering).toBe(1);
    const port = result?.interfaces?.[1]?.name ?? '';
    expect(await vlansOf(host, port)).toEqual(['100 PVID Egress Untagged', '101', '200', '201', '202']);
    // The bridge itself takes part in none of them.
    expect(await vlansOf(host, 'br0')).toEqual(['1 PVID Egress Untagged']);
    await runtime.check(list, attachment);
    await runtime.delTwice(list, attachment);
    expect(await vlansOf(host, port)).toBeUndefined();
  });

  test('pods reach each other in their own VLAN only', async () => {
    const runtime = new Runtime(host, path);
    const attach = async (containerId: string, vlan: number) => {
      const pod = await host.addPod();
      const list = listWith('br1', { vlan });
      const attachment = { containerId, netns: pod.path, ifName: 'eth0' };
      const result = await runtime.add(list, attachment);
      const [address = ''] = result?.ips?.[0]?.address.split('/') ?? [];
      return { pod, address, detach: () => runtime.delTwice(list, attachment) };
    };
    const one = await attach('c1', 100);
    const neighbour = await attach('c2', 100);
    const stranger = await attach('c3', 200);
    const ping = (address: string) => one.pod.run(['ping', '-c', '1', '-W', '2', address]);
    expect(await ping(neighbour.address)).toMatchObject({ exitCode: 0 });
    expect(await ping(stranger.address)).toMatchObject({ exitCode: 1 });
    for (const { detach } of [one, neighbour, stranger]) await detach();
  });
});

describe.each([
  ['told natively', NATIVE],
  ['by programs', BY_IP],
])('with the folder of plugins first in PATH, %s', (_how, env) => {
  test('VLANs are set, checked and taken down', async () => {
    const pod = await host.addPod();
    const runtime = new Runtime(host, [BUILT_PLUGINS], { ...env, PATH: `${BUILT_PLUGINS}:${PATH}` });
    const attachment = { containerId: 'c1', netns: pod.path, ifName: 'eth0' };
    const list = listWith('br0', { vlan: 100, vlanTrunk: [{ minID: 200, maxID: 202 }, { id: 300 }] });
    const result = await runtime.add(list, attachment);
    const port = result?.interfaces?.[1]?.name ?? '';
    expect(await vlansOf(host, port)).toEqual(['100 PVID Egress Untagged', '200', '201', '202', '300']);
    await runtime.check(list, attachment);
    await host.run(['bridge', 'vlan', 'del', 'dev', port, 'vid', '201']);
    await expect(runtime.check(list, attachment)).rejects.toThrow(`port ${port} is not in VLAN 201`);
    await runtime.delTwice(list, attachment);
  });
});
