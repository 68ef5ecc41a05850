import { expect, test } from 'vitest';
import type { Call } from '../../pkg/skel/plugin.ts';
import { DUMMY } from './dummy.ts';
import type { DummyConf } from './schema.ts';

const read = (conf: DummyConf) => DUMMY.settingsOf({ conf } as Call<DummyConf>);

test('it stands on nothing, and has the resolver settings of its addresses', () => {
  const settings = read({ ipam: { type: 'host-local' } });
  expect(settings).toMatchObject({ below: undefined, mtu: 0, mac: undefined, dns: 'ipam', ipam: 'host-local' });
  expect(settings.type.words.join(' ')).toBe('type dummy');
});

test.each<DummyConf>([{}, { ipam: {} }, { ipam: { type: '' } }])('%j is refused', (conf) => {
  expect(() => read(conf)).toThrow('dummy interface requires an IPAM configuration');
});
