import { describe, expect, test } from 'vitest';
import type { Call } from '../../pkg/skel/plugin.ts';
import { MACVLAN } from './macvlan.ts';
import type { MacvlanConf } from './schema.ts';

function read(conf: MacvlanConf, args = '') {
  return MACVLAN.settingsOf({ conf, args } as Call<MacvlanConf>);
}

const MAC = '02:00:5e:10:00:01';

describe('settings', () => {
  test('what is left out has its default', () => {
    expect(read({})).toMatchObject({ below: { master: '', inContainer: false }, mtu: 0, mac: undefined, ipam: '' });
    expect(read({}).dns).toBeUndefined();
  });

  test.each<[MacvlanConf, string]>([
    [{}, 'type macvlan mode bridge'],
    [{ mode: '' }, 'type macvlan mode bridge'],
    [{ mode: 'passthru' }, 'type macvlan mode passthru'],
    [{ mode: 'vepa', bcqueuelen: 4294967295 }, 'type macvlan mode vepa bcqueuelen 4294967295'],
    [{ bcqueuelen: 0 }, 'type macvlan mode bridge'],
  ])('%j is made as %s', (conf, words) => {
    expect(read(conf).type.words.join(' ')).toBe(words);
  });

  test.each<[string, MacvlanConf, string]>([
    ['the configuration', { mac: '02-00-5E-10-00-01' }, ''],
    ['CNI_ARGS', { mac: '02:00:00:00:00:01' }, `IgnoreUnknown=1;MAC=${MAC}`],
    ['the runtime', { mac: '02:00:00:00:00:01', runtimeConfig: { mac: MAC } }, 'MAC=02:00:00:00:00:02'],
  ])('a MAC from %s', (_, conf, args) => {
    expect(read(conf, args).mac).toBe(MAC);
  });

  test.each<[MacvlanConf, string]>([
    [{ mode: 'source' }, 'unknown macvlan mode: "source"'],
    [{ mac: 'x' }, 'invalid args x for MAC addr: address x: invalid MAC address'],
    [{ bcqueuelen: -1 }, 'invalid bcqueuelen -1'],
    [{ bcqueuelen: 4294967296 }, 'invalid bcqueuelen 4294967296'],
  ])('%j is refused', (conf, message) => {
    expect(() => read(conf)).toThrow(message);
  });
});
