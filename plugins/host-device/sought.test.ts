import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CniError } from '../../pkg/types/error.ts';
import { hwaddrOf } from './links.ts';
import type { HostDeviceConf } from './schema.ts';
import { isDrivenByProgram, linkOfDevice, namedDevice, refuseConfigured, refuseImpossible } from './sought.ts';

const sys = mkdtempSync(join(tmpdir(), 'cni-ts-sys-'));
const PCI = '0000:03:00.0';
const PORTS = '0000:03:00.1';
const VIRTIO = '0000:04:00.0';
const DPDK = '0000:05:00.0';
const BARE = '0000:06:00.0';
const AWAY = '0000:07:00.0';
const AUXILIARY = 'mlx5_core.sf.2';

beforeAll(() => {
  const bus = `${sys}/bus/pci/devices`;
  const device = (id: string, folders: readonly string[], driver?: string) => {
    const real = `${sys}/devices/pci0000:00/${id}`;
    mkdirSync(real, { recursive: true });
    for (const folder of folders) mkdirSync(`${real}/${folder}`, { recursive: true });
    if (driver !== undefined) symlinkSync(`../../../bus/pci/drivers/${driver}`, `${real}/driver`);
    symlinkSync(`../../../devices/pci0000:00/${id}`, `${bus}/${id}`);
  };
  mkdirSync(bus, { recursive: true });
  device(PCI, ['net/ens5'], 'ice');
  device(PORTS, ['net/ens6b', 'net/ens6a'], 'mlx4_core');
  device(VIRTIO, ['virtio1/net/enp4s0', 'msi_irqs'], 'virtio-pci');
  device(DPDK, [], 'vfio-pci');
  device(BARE, []);
  device(AWAY, ['net'], 'ice');
  mkdirSync(`${sys}/devices/auxiliary/${AUXILIARY}/net/enp8s0f0s2`, { recursive: true });
  mkdirSync(`${sys}/bus/auxiliary/devices`, { recursive: true });
  symlinkSync(`../../../devices/auxiliary/${AUXILIARY}`, `${sys}/bus/auxiliary/devices/${AUXILIARY}`);
});

afterAll(() => rmSync(sys, { recursive: true }));

/** What is thrown, with the folder of the test as /sys. */
function refusal(work: () => unknown): { code: number; message: string; details: string } {
  try {
    work();
  } catch (thrown) {
    if (!(thrown instanceof CniError)) throw thrown;
    const { code, message, details } = thrown;
    return { code, message: message.replaceAll(sys, '/sys'), details: details.replaceAll(sys, '/sys') };
  }
  throw new Error('nothing was thrown');
}

const given = (deviceID: string) => ({ runtimeConfig: { deviceID } });

describe('which key counts', () => {
  const rows: readonly (readonly [conf: HostDeviceConf, by: string, value: string, pciBusId: string])[] = [
    [{ device: 'a', hwaddr: 'b', kernelpath: 'c', pciBusID: 'd' }, 'device', 'a', 'd'],
    [{ hwaddr: 'b', kernelpath: 'c', pciBusID: 'd' }, 'hwaddr', 'b', 'd'],
    [{ kernelpath: 'c', pciBusID: 'd' }, 'kernelpath', 'c', 'd'],
    [{ pciBusID: 'd' }, 'pciBusID', 'd', 'd'],
    [{ device: '', pciBusID: 'd' }, 'pciBusID', 'd', 'd'],
    [given(PCI), 'pciBusID', PCI, PCI],
    [{ pciBusID: 'd', ...given(PCI) }, 'pciBusID', PCI, PCI],
    [given(AUXILIARY), 'auxiliary', AUXILIARY, ''],
    [{ pciBusID: 'd', ...given(AUXILIARY) }, 'auxiliary', AUXILIARY, ''],
    [{ device: 'a', ...given(AUXILIARY) }, 'device', 'a', ''],
    [{ hwaddr: 'b', ...given(PCI) }, 'hwaddr', 'b', PCI],
    [{ pciBusID: 'd', ...given('') }, 'pciBusID', 'd', 'd'],
  ];
  test.each(rows)('%j', (conf, by, value, pciBusId) => {
    expect(namedDevice(conf, sys)).toEqual({ sought: { by, value }, pciBusId });
  });

  test('none', () => {
    expect(refusal(() => namedDevice({}, sys))).toMatchObject({
      code: 7,
      message: 'specify either "device", "hwaddr", "kernelpath" or "pciBusID"',
      details: expect.stringContaining('runtimeConfig.deviceID'),
    });
  });

  test('a device of the runtime that there is not', () => {
    const { code, message, details } = refusal(() => namedDevice(given('0000:99:00.0'), sys));
    expect({ code, message }).toEqual({
      code: 7,
      message: 'runtime config DeviceID 0000:99:00.0 not found or unsupported',
    });
    expect(details).toContain(PCI);
    expect(details).toContain(AUXILIARY);
    expect(refusal(() => namedDevice(given('x'), '/nowhere')).details).toContain('there is no such folder');
  });

  test.each(['../../devices', '..', '.', 'a/b'])('an ID that leads elsewhere: %s', (id) => {
    expect(refusal(() => namedDevice({ pciBusID: id }, sys)).message).toBe(`invalid device ID "${id}"`);
    expect(refusal(() => namedDevice(given(id), sys)).message).toBe(`invalid device ID "${id}"`);
  });
});

describe('the link of a device', () => {
  test.each([
    ['pciBusID', PCI, 'ens5'],
    ['pciBusID', PORTS, 'ens6a'],
    ['pciBusID', VIRTIO, 'enp4s0'],
    ['auxiliary', AUXILIARY, 'enp8s0f0s2'],
    ['kernelpath', `/sys/devices/pci0000:00/${PCI}`, 'ens5'],
    ['kernelpath', `/sys/devices/pci0000:00/${VIRTIO}/virtio1`, 'enp4s0'],
  ] as const)('%s %s', (by, value, link) => {
    expect(linkOfDevice({ by, value }, sys)).toBe(link);
  });

  test.each([
    ['pciBusID', BARE, `no net directory under pci device ${BARE}`, 'virtio*/net'],
    ['pciBusID', AWAY, `failed to find network device in path /sys/bus/pci/devices/${AWAY}/net`, 'another container'],
    [
      'kernelpath',
      '/sys/devices/foo',
      'failed to read directory /sys/devices/foo/net: "open /sys/devices/foo/net: no such file or directory"',
      'no network device',
    ],
    [
      'auxiliary',
      'mlx5_core.sf.9',
      'failed to read directory /sys/bus/auxiliary/devices/mlx5_core.sf.9/net: ' +
        '"open /sys/bus/auxiliary/devices/mlx5_core.sf.9/net: no such file or directory"',
      'no network device',
    ],
  ] as const)('%s %s has none', (by, value, why, details) => {
    expect(refusal(() => linkOfDevice({ by, value }, sys))).toEqual({
      code: 999,
      message: `failed to find host device: ${why}`,
      details: expect.stringContaining(details),
    });
  });
});

describe('what can never name a device', () => {
  test.each(['/sys/foo', 'sys/devices/x', '/sys/devices', '/sys/devices/../class/net', '/etc'])(
    'kernelpath %s',
    (value) => {
      const { code, message } = refusal(() => refuseImpossible({ by: 'kernelpath', value }));
      expect(code).toBe(7);
      expect(message).toBe(
        `failed to find host device: kernel device path "${value}" must be absolute and begin with /sys/devices/`,
      );
    },
  );

  test.each(['zz', '02:00:5e:10:00', '02:00:5e:10:00:0', '02:00-5e:10:00:01', '0200.5e10'])('hwaddr %s', (value) => {
    const message = refusal(() => refuseImpossible({ by: 'hwaddr', value })).message;
    expect(message).toBe(
      `failed to find host device: failed to parse MAC address "${value}": address ${value}: invalid MAC address`,
    );
  });

  test('in a configuration only the key that counts is looked at', () => {
    expect(() => refuseConfigured({ device: 'a', hwaddr: 'zz', kernelpath: '/etc' })).not.toThrow();
    expect(() => refuseConfigured({ pciBusID: PCI })).not.toThrow();
    expect(() => refuseConfigured({})).not.toThrow();
    expect(() => refuseConfigured({ hwaddr: 'zz' })).toThrow('failed to parse MAC address');
    expect(() => refuseConfigured({ hwaddr: '02:00:00:00:00:01', kernelpath: '/etc' })).not.toThrow();
    expect(() => refuseConfigured({ kernelpath: '/etc' })).toThrow('must be absolute');
  });
});

test.each([
  ['02:00:5E:10:00:01', '02:00:5e:10:00:01'],
  ['02-00-5e-10-00-01', '02:00:5e:10:00:01'],
  ['0200.5e10.0001', '02:00:5e:10:00:01'],
  ['02:00:5e:10:00:00:00:01', '02:00:5e:10:00:00:00:01'],
  [
    '80:00:00:48:fe:80:00:00:00:00:00:00:00:02:c9:03:00:1c:3b:e1',
    '80:00:00:48:fe:80:00:00:00:00:00:00:00:02:c9:03:00:1c:3b:e1',
  ],
])('the address %s', (text, printed) => {
  expect(hwaddrOf(text)).toBe(printed);
});

describe('whether a program drives it', () => {
  test.each([
    [{}, DPDK, true],
    [{ DPDKMode: false }, DPDK, true],
    [{}, PCI, false],
    [{ DPDKMode: true }, PCI, false],
    [{ DPDKMode: true }, '', true],
    [{}, '', false],
  ] as const)('%j, PCI %s: %s', (conf, id, expected) => {
    expect(isDrivenByProgram(conf, id, sys)).toBe(expected);
  });

  test('a device without a driver, and none', () => {
    expect(refusal(() => isDrivenByProgram({}, BARE, sys))).toMatchObject({
      message: `error with host device: lstat /sys/devices/pci0000:00/${BARE}/driver: no such file or directory`,
      details: expect.stringContaining('no driver'),
    });
    expect(refusal(() => isDrivenByProgram({}, '0000:99:99.9', sys))).toMatchObject({
      message: 'error with host device: lstat /sys/bus/pci/devices/0000:99:99.9: no such file or directory',
      details: expect.stringContaining(VIRTIO),
    });
  });

  test.each(['vfio-pci', 'uio_pci_generic', 'igb_uio'])('%s', (driver) => {
    const id = `0000:0a:00.${driver.length}`;
    mkdirSync(`${sys}/bus/pci/devices/${id}`);
    symlinkSync(`../../../../bus/pci/drivers/${driver}`, `${sys}/bus/pci/devices/${id}/driver`);
    expect(isDrivenByProgram({}, id, sys)).toBe(true);
  });
});
