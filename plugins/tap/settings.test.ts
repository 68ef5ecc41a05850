import { describe, expect, test } from 'vitest';
import type { Call } from '../../pkg/skel/plugin.ts';
import type { TapConf } from './schema.ts';
import { settingsOf } from './settings.ts';

/** Settings look at nothing else of a call. */
function settings(conf: TapConf, args = '') {
  return settingsOf({ conf, args } as Call<TapConf>);
}

describe('the MAC', () => {
  const [A, B, C] = ['02:00:00:00:00:0a', '02:00:00:00:00:0b', '02:00:00:00:00:0c'];
  test.each([
    [{}, '', undefined],
    [{ mac: A }, '', A],
    [{ mac: A }, `MAC=${B}`, B],
    [{ mac: A, runtimeConfig: { mac: C } }, `MAC=${B}`, C],
    [{ mac: '0200.0000.000A' }, '', A],
    [{ mac: A, runtimeConfig: { mac: '' } }, '', A],
  ])('%j with CNI_ARGS %j: %s', (conf, args, mac) => expect(settings(conf, args).mac).toBe(mac));

  test.each([
    [{ mac: 'zz' }, '', 'key "mac"'],
    [{ runtimeConfig: { mac: 'zz' } }, '', 'key "runtimeConfig.mac"'],
    [{}, 'MAC=zz', 'key "CNI_ARGS MAC"'],
  ])('%j with CNI_ARGS %j is refused', (conf, args, details) => {
    const refused = expect.objectContaining({ code: 7, details: expect.stringContaining(details) });
    expect(() => settings(conf, args)).toThrow('invalid args zz for MAC addr: address zz: invalid MAC address');
    expect(() => settings(conf, args)).toThrow(refused);
  });
});

test.each([
  [{ owner: -1 }, 'owner -1 is no ID'],
  [{ group: 4294967296 }, 'group 4294967296 is no ID'],
])('%j is refused', (conf, msg) => expect(() => settings(conf)).toThrow(`failed to load netconf: ${msg}`));

test('an owner 0 is one, and none is none', () => {
  expect(settings({ owner: 0, group: 4294967295 })).toMatchObject({ owner: 0, group: 4294967295 });
  expect(settings({})).toMatchObject({ owner: undefined, group: undefined, mtu: 0, bridge: '', ipam: '' });
  expect(settings({ mtu: -5 }).mtu).toBe(0);
});
