import type { Host, Pod } from '../harness/host.ts';
import { MAC } from './support.ts';

/** One configuration that both suites are given. */
export interface Case {
  readonly title: string;
  readonly conf: Readonly<Record<string, unknown>>;
  readonly cniVersion?: string;
  readonly ifName?: string;
  /** What is done to the device, which is down, and to the pod before ADD. */
  readonly prepare?: (host: Host, pod: Pod) => Promise<unknown>;
  /** What differs on purpose: patterns of state lines that only one of the suites has. */
  readonly differs?: readonly RegExp[];
}

const V4 = { type: 'host-local', subnet: '10.1.0.0/24', routes: [{ dst: '0.0.0.0/0' }] };
const FIXED = {
  type: 'static',
  addresses: [{ address: '10.2.0.5/30' }, { address: 'fd00:2::5/120', gateway: 'fd00:2::1' }],
  routes: [{ dst: '10.8.0.0/16', gw: '10.2.0.6', priority: 50 }, { dst: 'fd00:9::/64' }],
  dns: { nameservers: ['10.2.0.6'] },
};
const given = (deviceID: string) => ({ device: undefined, runtimeConfig: { deviceID } });
const by = (key: string, value: string) => ({ device: undefined, [key]: value });

/** Ways to name a device, what it may be like, what may be in the way. */
export const CASES: readonly Case[] = [
  { title: 'a device and both families', conf: {} },
  { title: 'a device without addresses', conf: { ipam: {} } },
  { title: 'no ipam section, with resolver settings', conf: { ipam: undefined, dns: { nameservers: ['10.0.0.1'] } } },
  { title: 'resolver settings', conf: { ipam: V4, dns: { nameservers: ['10.0.0.1'], search: ['a.b'] } } },
  { title: 'fixed addresses and routes', conf: { ipam: FIXED } },
  ...['0.1.0', '0.3.1', '0.4.0', '1.1.0'].map((cniVersion) => ({
    title: `version ${cniVersion}`,
    conf: { ipam: V4 },
    cniVersion,
  })),
  { title: 'the interface has the device’s name', conf: { ipam: V4 }, ifName: 'dev0' },
  {
    title: 'the container has a link of the device’s name',
    conf: { ipam: V4 },
    prepare: (_, pod) => pod.ip('link add name dev0 address 02:00:00:00:00:77 type bridge'),
  },
  {
    title: 'the device has another MTU and an alias',
    conf: { ipam: V4 },
    prepare: (host) => host.ip('link set dev dev0 mtu 1400 alias old'),
    // The reference leaves it without any.
    differs: [/^[-+] host link .*"ifname":"dev0"/],
  },
  { title: 'by MAC', conf: by('hwaddr', MAC.toUpperCase()) },
  { title: 'by MAC with hyphens', conf: by('hwaddr', MAC.replaceAll(':', '-')) },
  { title: 'by a path of the kernel', conf: by('kernelpath', '/sys/devices/pci0000:00/0000:03:00.0') },
  { title: 'by PCI address', conf: by('pciBusID', '0000:03:00.0') },
  { title: 'by PCI address, behind virtio', conf: by('pciBusID', '0000:04:00.0') },
  { title: 'the runtime gives a PCI address', conf: given('0000:03:00.0') },
  { title: 'the runtime gives an auxiliary device', conf: given('mlx5_core.sf.2') },
  { title: 'a device that a program drives', conf: by('pciBusID', '0000:05:00.0') },
  { title: 'a device that a program drives, without addresses', conf: { ...by('pciBusID', '0000:05:00.0'), ipam: {} } },
  { title: 'the configuration says that a program drives it', conf: { DPDKMode: true, ipam: V4 } },
  { title: 'a name, and a PCI address that a program drives', conf: { pciBusID: '0000:05:00.0', ipam: V4 } },
  // What cannot be.
  { title: 'no device', conf: { device: undefined } },
  { title: 'a device that there is not', conf: { device: 'dev9' } },
  { title: 'a MAC that nobody has', conf: by('hwaddr', '02:00:00:00:00:99') },
  { title: 'a MAC that is none', conf: by('hwaddr', 'zz') },
  { title: 'a path that is none of the kernel', conf: by('kernelpath', '/sys/foo') },
  { title: 'a path of the kernel without a device', conf: by('kernelpath', '/sys/devices/foo') },
  { title: 'a PCI address that there is not', conf: by('pciBusID', '0000:99:99.9') },
  { title: 'a PCI device that nobody drives', conf: by('pciBusID', '0000:06:00.0') },
  { title: 'a PCI device whose link is elsewhere', conf: by('pciBusID', '0000:07:00.0') },
  { title: 'a PCI device that is no network device', conf: by('pciBusID', '0000:08:00.0') },
  { title: 'the runtime gives a device that there is not', conf: given('0000:99:99.9') },
  {
    title: 'the interface is there already',
    conf: { ipam: V4 },
    prepare: (_, pod) => pod.ip('link add name eth0 address 02:00:00:00:00:77 type bridge'),
  },
];
