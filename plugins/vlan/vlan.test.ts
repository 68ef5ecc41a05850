import { describe, expect, test } from 'vitest';
import type { ShownLink } from '../../pkg/attach/links.ts';
import type { Call } from '../../pkg/skel/plugin.ts';
import type { VlanConf } from './schema.ts';
import { VLAN } from './vlan.ts';

const callOf = (conf: VlanConf) => ({ conf }) as Call<VlanConf>;
const read = (conf: VlanConf) => VLAN.settingsOf(callOf(conf));

describe('settings', () => {
  test('what is left out has its default', () => {
    const settings = read({ master: 'eth0' });
    expect(settings).toMatchObject({ below: { master: 'eth0', inContainer: false }, mtu: 0, mac: undefined, ipam: '' });
    expect(settings.type.words.join(' ')).toBe('type vlan id 0');
    expect(settings.dns).toBeUndefined();
  });

  test('what is said counts', () => {
    const settings = read({ master: 'eth0', vlanId: 4094, mtu: 1400, linkInContainer: true, dns: { domain: 'a' } });
    expect(settings).toMatchObject({ below: { inContainer: true }, mtu: 1400, dns: { domain: 'a' } });
    expect(settings.type.words.join(' ')).toBe('type vlan id 4094');
  });

  test.each<[VlanConf, string]>([
    [{}, '"master" field is required'],
    [{ master: '' }, '"master" field is required'],
    [{ master: 'eth0', vlanId: -1 }, 'invalid VLAN ID -1 (must be between 0 and 4095 inclusive)'],
    [{ master: 'eth0', vlanId: 4095 }, 'invalid VLAN ID 4095'],
  ])('%j is refused', (conf, message) => {
    expect(() => read(conf)).toThrow(message);
  });
});

test.each<[VlanConf, readonly string[]]>([
  [{ vlanId: 5 }, []],
  [{ vlanId: 5, mtu: 1400 }, []],
  [{}, ['Container interface eth0 has the VLAN ID 5, expected 0']],
  [{ vlanId: 5, mtu: 1300 }, ['Configured MTU of eth0 is 1300, current value is 1400']],
])('CHECK with %j finds %j', (conf, lines) => {
  const link = { ifname: 'eth0', mtu: 1400, linkinfo: { info_data: { id: 5 } } } as ShownLink;
  expect(VLAN.differences(link, callOf(conf))).toEqual(lines);
});
