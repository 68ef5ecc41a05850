import { OURS, type Suite } from '../bridge/suites.ts';
import type { Host, Pod } from '../harness/host.ts';
import type { Attachment } from '../harness/libcni.ts';
import { callPlugin, type PluginCall, type PluginOutcome } from '../harness/plugin.ts';

/** MAC of the device that {@link addDevice} makes. */
export const MAC = '02:00:5e:10:00:01';

/** An address of each family. */
export const DUAL = {
  type: 'host-local',
  ranges: [[{ subnet: '10.1.0.0/24' }], [{ subnet: 'fd00:1::/64' }]],
  routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }, { dst: '10.9.0.0/16', gw: '10.1.0.9' }],
};

/** A configuration with what every one has. */
export function confOf(conf: object = {}, cniVersion = '1.0.0'): Readonly<Record<string, unknown>> {
  return { cniVersion, name: 'net', type: 'host-device', device: 'dev0', ipam: DUAL, ...conf };
}

/** The attachment of a pod. */
export function attachmentOf(pod: Pod, containerId = 'c1', ifName = 'eth0'): Attachment {
  return { containerId, netns: pod.path, ifName };
}

/** Gives the host a device: one end of a pair, whose other end stays there and is up. */
export async function addDevice(host: Host, device = 'dev0', mac = MAC): Promise<void> {
  await host.ip(`link add name ${device} address ${mac} type veth peer name ${device}-peer`);
  await host.ip(`link set dev ${device}-peer up`);
}

/** Takes it away, wherever it is. */
export async function removeDevice(host: Host, device = 'dev0'): Promise<void> {
  await host.ip(`link del dev ${device}-peer`);
}

/** Calls host-device of a suite. */
export function call(host: Host, call: PluginCall, suite: Suite = OURS): Promise<PluginOutcome> {
  return callPlugin(host, `${suite.folder}/host-device`, { path: suite.folder, ...call });
}

/** What a link is like on the host. */
export interface LinkState {
  readonly ifname: string;
  readonly address: string;
  readonly ifalias?: string;
  readonly mtu: number;
  readonly flags: readonly string[];
}

/** All links of a place but `lo` and the devices' other ends. */
export async function linksOf(place: { ip(line: string): Promise<string> }): Promise<readonly LinkState[]> {
  const links = JSON.parse(await place.ip('-j link show')) as readonly LinkState[];
  return links.filter(({ ifname }) => ifname !== 'lo' && !ifname.endsWith('-peer'));
}

/** A link on the host in short: its name, whether it is up, its alias. */
export async function devicesOn(host: Host): Promise<readonly string[]> {
  return (await linksOf(host)).map(({ ifname, flags, ifalias = '' }) => {
    return `${ifname} ${flags.includes('UP') ? 'up' : 'down'} ${JSON.stringify(ifalias)}`;
  });
}

/**
 * Lays a made-up /sys over the host's own, with devices of all buses: a PCI device and one behind virtio, one that a
 * program drives, one that nobody drives, one of the auxiliary bus.
 */
export async function layDevices(host: Host): Promise<void> {
  const script = `
mount -t tmpfs none /sys
mkdir -p /sys/bus/pci/devices /sys/bus/auxiliary/devices
pci() {
  mkdir -p /sys/devices/pci0000:00/$1
  ln -s ../../../devices/pci0000:00/$1 /sys/bus/pci/devices/$1
  mkdir -p /sys/bus/pci/drivers/$2
  [ $2 = none ] || ln -s ../../../bus/pci/drivers/$2 /sys/devices/pci0000:00/$1/driver
}
pci 0000:03:00.0 ice; mkdir -p /sys/devices/pci0000:00/0000:03:00.0/net/dev0
pci 0000:04:00.0 virtio-pci; mkdir -p /sys/devices/pci0000:00/0000:04:00.0/virtio1/net/dev0
pci 0000:05:00.0 vfio-pci
pci 0000:06:00.0 none
pci 0000:07:00.0 ice; mkdir /sys/devices/pci0000:00/0000:07:00.0/net
pci 0000:08:00.0 ice
mkdir -p /sys/devices/auxiliary/mlx5_core.sf.2/net/dev0
ln -s ../../../devices/auxiliary/mlx5_core.sf.2 /sys/bus/auxiliary/devices/mlx5_core.sf.2
`;
  const { exitCode, stderr } = await host.run(['sh', '-ec', script]);
  if (exitCode !== 0) throw new Error(stderr);
}
