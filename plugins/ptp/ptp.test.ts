import { describe, expect, test } from 'vitest';
import type { Call } from '../../pkg/skel/plugin.ts';
import { ptpAddressesOf } from './attach.ts';
import type { PtpConf } from './schema.ts';
import { settingsOf } from './settings.ts';

function read(conf: PtpConf) {
  return settingsOf({ conf } as Call<PtpConf>);
}

const ipam = { type: 'host-local' };

describe('settings', () => {
  test('what is left out has its default', () => {
    expect(read({ ipam })).toEqual({
      ipMasq: false,
      ipMasqBackend: undefined,
      mtu: 0,
      dns: undefined,
      ipam: 'host-local',
    });
  });

  test('a backend counts only with a masquerade', () => {
    expect(read({ ipam, ipMasqBackend: 'x' }).ipMasqBackend).toBeUndefined();
    expect(read({ ipam, ipMasq: true, ipMasqBackend: 'nftables' }).ipMasqBackend).toBe('nftables');
    expect(() => read({ ipam, ipMasq: true, ipMasqBackend: 'x' })).toThrow('unknown ipmasq backend "x"');
  });

  test.each([{}, { ipam: {} }, { ipam: { type: '' } }])('no IPAM plugin: %j', (conf) => {
    expect(() => read(conf)).toThrow('no plugin name provided');
  });
});

describe('addresses', () => {
  test('of both families, with what lies between them and their gateways', () => {
    expect(
      ptpAddressesOf({
        ips: [
          { address: '10.1.0.5/24', gateway: '10.1.0.1' },
          { address: 'fd00:1::5/128', gateway: 'fe80::1' },
        ],
      }),
    ).toEqual([
      { address: '10.1.0.5/24', host: '10.1.0.5', network: '10.1.0.0/24', gateway: '10.1.0.1', bits: 32 },
      { address: 'fd00:1::5/128', host: 'fd00:1::5', network: undefined, gateway: 'fe80::1', bits: 128 },
    ]);
  });

  test('none, or one without a gateway', () => {
    expect(() => ptpAddressesOf({})).toThrow('IPAM plugin returned missing IP config');
    expect(() => ptpAddressesOf({ ips: [{ address: '10.1.0.5/24' }] })).toThrow('10.1.0.5/24 has no gateway');
  });
});
