import { configError } from '../../pkg/config/config-error.ts';
import { causeErrno } from '../../pkg/sys/errno.ts';
import { files, fs, statusOf } from '../../pkg/sys/files/files.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import { hwaddrOf } from './links.ts';
import type { HostDeviceConf } from './schema.ts';

/** Where the kernel tells of its devices. */
export const SYS = '/sys';

/** The key by which a device is looked for, and what it says. */
export interface Sought {
  readonly by: 'device' | 'hwaddr' | 'kernelpath' | 'pciBusID' | 'auxiliary';
  readonly value: string;
}

/** A device as a configuration names it. */
export interface NamedDevice {
  readonly sought: Sought;
  /** Its PCI address, where one is named; the driver there says whether a program drives the device. */
  readonly pciBusId: string;
}

/** The order in which keys count when there are several. */
const KEYS = ['device', 'hwaddr', 'kernelpath', 'pciBusID', 'auxiliary'] as const;

const KERNEL_PATHS = '/sys/devices/';

/** Drivers that hand a device to a program. */
const USERSPACE_DRIVERS: readonly string[] = ['vfio-pci', 'uio_pci_generic', 'igb_uio'];

/**
 * Which device a configuration names.
 *
 * @param sys the folder that stands for /sys
 * @throws {CniError} code 7
 */
export function namedDevice(conf: HostDeviceConf, sys: string = SYS): NamedDevice {
  const { device = '', hwaddr = '', kernelpath = '' } = conf;
  const { pciBusID, auxiliary } = busDevice(conf, sys);
  const values = { device, hwaddr, kernelpath, pciBusID, auxiliary };
  for (const by of KEYS) if (values[by] !== '') return { sought: { by, value: values[by] }, pciBusId: pciBusID };
  throw configError(
    'specify either "device", "hwaddr", "kernelpath" or "pciBusID"',
    'device',
    conf.device,
    'a device by one of these keys, or by runtimeConfig.deviceID (capability "deviceID")',
  );
}

/** What the runtime gave counts more than what is configured. */
function busDevice({ pciBusID = '', runtimeConfig }: HostDeviceConf, sys: string) {
  const given = runtimeConfig?.deviceID ?? '';
  if (given === '') return { pciBusID: checkedId(pciBusID, 'pciBusID'), auxiliary: '' };
  const id = checkedId(given, 'runtimeConfig.deviceID');
  if (statusOf(`${sys}/bus/pci/devices/${id}`) !== undefined) return { pciBusID: id, auxiliary: '' };
  if (statusOf(`${sys}/bus/auxiliary/devices/${id}`) !== undefined) return { pciBusID: '', auxiliary: id };
  throw configError(
    `runtime config DeviceID ${id} not found or unsupported`,
    'runtimeConfig.deviceID',
    id,
    `a device in ${sys}/bus/pci/devices (${namesIn(`${sys}/bus/pci/devices`)}) ` +
      `or in ${sys}/bus/auxiliary/devices (${namesIn(`${sys}/bus/auxiliary/devices`)})`,
  );
}

/** A name that leads out of its folder names nothing there. */
function checkedId(id: string, key: string): string {
  if (id === '' || !(id.includes('/') || id === '.' || id === '..')) return id;
  throw configError(`invalid device ID ${JSON.stringify(id)}`, key, id, 'the name of a device, such as "0000:00:1f.6"');
}

/** Refuses what can never name a device, without looking at any. */
export function refuseImpossible({ by, value }: Sought): void {
  if (by === 'hwaddr') {
    if (hwaddrOf(value) !== undefined) return;
    const message = `failed to find host device: failed to parse MAC address ${JSON.stringify(value)}: address ${value}: invalid MAC address`;
    throw configError(message, 'hwaddr', value, 'a MAC address such as "02:00:5e:10:00:01"');
  }
  if (by !== 'kernelpath' || (value.startsWith(KERNEL_PATHS) && !value.split('/').includes('..'))) return;
  const message = `failed to find host device: kernel device path ${JSON.stringify(value)} must be absolute and begin with ${KERNEL_PATHS}`;
  throw configError(message, 'kernelpath', value, 'such a path, for example "/sys/devices/pci0000:00/0000:00:1f.6"');
}

/** Refuses a configuration that can never name a device; one that names none may get it from the runtime. */
export function refuseConfigured({ device = '', hwaddr = '', kernelpath = '' }: HostDeviceConf): void {
  if (device !== '') return;
  if (hwaddr !== '') refuseImpossible({ by: 'hwaddr', value: hwaddr });
  else if (kernelpath !== '') refuseImpossible({ by: 'kernelpath', value: kernelpath });
}

/** Whether a program drives the device: then there is no link of it on the host. */
export function isDrivenByProgram(conf: HostDeviceConf, pciBusId: string, sys: string = SYS): boolean {
  if (pciBusId === '') return conf.DPDKMode ?? false;
  const path = `${sys}/bus/pci/devices/${pciBusId}`;
  try {
    const driver = files().readLink(`${path}/driver`);
    return USERSPACE_DRIVERS.includes(driver.slice(driver.lastIndexOf('/') + 1));
  } catch (thrown) {
    if (causeErrno(thrown) !== 'ENOENT') throw thrown;
    const isThere = statusOf(path) !== undefined;
    throw new CniError(
      ErrorCode.internal,
      `error with host device: lstat ${isThere ? `${fs().realpathSync(path)}/driver` : path}: no such file or directory`,
      isThere
        ? `device ${pciBusId} has no driver: bind one, or look at \`dmesg\` for why the kernel found none`
        : `there is no PCI device ${pciBusId}; this host has ${namesIn(`${sys}/bus/pci/devices`)}`,
      { cause: thrown },
    );
  }
}

/** The name of the link that belongs to a device of a bus. */
export function linkOfDevice({ by, value }: Sought, sys: string = SYS): string {
  if (by === 'kernelpath') return firstIn(`${sys}${value.slice('/sys'.length)}/net`);
  if (by === 'auxiliary') return firstIn(`${sys}/bus/auxiliary/devices/${value}/net`);
  const path = `${sys}/bus/pci/devices/${value}`;
  if (statusOf(`${path}/net`) !== undefined) return firstIn(`${path}/net`);
  for (const name of sortedNames(path)) {
    if (name.startsWith('virtio') && statusOf(`${path}/${name}/net`) !== undefined)
      return firstIn(`${path}/${name}/net`);
  }
  throw notFound(
    `no net directory under pci device ${value}`,
    `${path} has neither net nor virtio*/net: it is no network device, or its driver does not drive it`,
  );
}

/** The link's name is the only one in its device's folder; with several ports the first one counts. */
function firstIn(folder: string): string {
  let names: readonly string[];
  try {
    names = sortedNames(folder);
  } catch (thrown) {
    if (causeErrno(thrown) !== 'ENOENT') throw thrown;
    const why = `failed to read directory ${folder}: "open ${folder}: no such file or directory"`;
    throw notFound(why, 'the path leads to no network device of this host');
  }
  const [first] = names;
  if (first !== undefined) return first;
  throw notFound(
    `failed to find network device in path ${folder}`,
    'the device is there, but its link is not in this network namespace: another container may have it',
  );
}

/** The error that no device is what was looked for. */
export function notFound(why: string, details: string): CniError {
  return new CniError(ErrorCode.internal, `failed to find host device: ${why}`, details);
}

function sortedNames(folder: string): readonly string[] {
  const names: string[] = [];
  for (const { name } of files().list(folder)) names.push(name);
  return names.sort();
}

/** What there is, for messages. */
function namesIn(folder: string): string {
  try {
    return sortedNames(folder).join(', ') || 'it is empty';
  } catch {
    return 'there is no such folder';
  }
}
