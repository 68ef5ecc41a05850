import { describe, expect, test } from 'vitest';
import type { InnerCall } from '../../pkg/attach/inner/kind.ts';
import type { ShownLink } from '../../pkg/attach/links.ts';
import type { Result } from '../../pkg/types/result.ts';
import { IPVLAN } from './ipvlan.ts';
import type { IpvlanConf } from './schema.ts';

function read(conf: IpvlanConf, prevResult?: Result, verb = 'ADD') {
  return IPVLAN.settingsOf({ verb, conf, prevResult } as InnerCall<IpvlanConf>);
}

const IPS = [{ address: '10.1.0.5/24' }];

describe('settings', () => {
  test('what is left out has its default', () => {
    expect(read({})).toMatchObject({ below: { master: '', inContainer: false }, mtu: 0, mac: undefined, ipam: '' });
    expect(read({}).given).toBeUndefined();
  });

  test.each<[IpvlanConf, string]>([
    [{}, 'type ipvlan mode l2'],
    [{ mode: '' }, 'type ipvlan mode l2'],
    [{ mode: 'l3' }, 'type ipvlan mode l3'],
    [{ mode: 'l3s' }, 'type ipvlan mode l3s'],
  ])('%j is made as %s', (conf, words) => {
    expect(read(conf).type.words.join(' ')).toBe(words);
  });

  test.each([
    [-1, 0],
    [9000, 9000],
  ])('an MTU of %i is %i', (mtu, used) => {
    expect(read({ mtu }).mtu).toBe(used);
  });

  test('a mode that there is not is refused', () => {
    expect(() => read({ mode: 'L2' })).toThrow('unknown ipvlan mode: "L2"');
  });
});

describe('behind other plugins', () => {
  test('the one link that they made is the one below, and their addresses are its own', () => {
    const previous: Result = { interfaces: [{ name: 'net0' }], ips: IPS };
    expect(read({}, previous)).toMatchObject({ below: { master: 'net0' }, given: previous });
    expect(read({ master: 'eth0' }, previous)).toMatchObject({ below: { master: 'eth0' }, given: previous });
    expect(read({}, { interfaces: [{ name: 'net0' }] }).given).toBeUndefined();
  });

  test.each<Result>([
    { ips: IPS },
    { interfaces: [], ips: IPS },
    { interfaces: [{ name: '' }] },
    { interfaces: [{ name: 'a' }, { name: 'b' }] },
  ])('no single link in %j', (previous) => {
    expect(() => read({}, previous)).toThrow('chained master failure. PrevResult lacks a single named interface');
    expect(() => read({ master: 'eth0' }, previous)).not.toThrow();
  });

  test.each(['CHECK', 'STATUS'])('%s does not take what the list made for the link below', (verb) => {
    const own: Result = { interfaces: [{ name: 'eth0', sandbox: '/n' }], ips: IPS };
    expect(read({}, own, verb)).toMatchObject({ below: { master: undefined }, given: undefined });
  });
});

test('CHECK compares the mode', () => {
  const link = { linkinfo: { info_data: { mode: 'l3' } } } as ShownLink;
  const differences = (conf: IpvlanConf) => IPVLAN.differences(link, { verb: 'CHECK', conf } as InnerCall<IpvlanConf>);
  expect(differences({ mode: 'l3' })).toEqual([]);
  expect(differences({})).toEqual(['Container IPVlan mode l3 does not match expected value: l2']);
});
