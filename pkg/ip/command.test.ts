import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CniError } from '../types/error.ts';
import { ip, tc } from './command.ts';
import { ipAddress, linkName, macAddress, netnsPath, prefix } from './names.ts';

/** One template for each form that plugins use, with good values for its places. */
const templates: readonly {
  readonly build: (...values: (string | number)[]) => unknown;
  readonly good: readonly (string | number)[];
  readonly line: string;
}[] = [
  {
    build: (veth = '', mtu = '', mac = '', peer = '', netns = '') =>
      ip`link add name ${veth} mtu ${mtu} address ${mac} txqueuelen 0 type veth peer name ${peer} netns ${netns}`,
    good: ['veth1', 1500, '02:00:00:00:00:01', 'eth0', '/run/netns/blue'],
    line: 'ip link add name veth1 mtu 1500 address 02:00:00:00:00:01 txqueuelen 0 type veth peer name eth0 netns /run/netns/blue',
  },
  {
    build: (address = '', length = '', link = '') => ip`addr add ${address}/${length} dev ${link} nodad`,
    good: ['10.1.2.3', 24, 'eth0'],
    line: 'ip addr add 10.1.2.3/24 dev eth0 nodad',
  },
  {
    build: (to = '', via = '', link = '', metric = '') =>
      ip`-6 route add ${to} ${ip.part`via ${via}`} dev ${link} ${ip.part`metric ${metric}`}`,
    good: ['fd00::/64', 'fe80::1', 'eth0', 5],
    line: 'ip -6 route add fd00::/64 via fe80::1 dev eth0 metric 5',
  },
  {
    build: (from = '', table = '') => ip`rule add from ${from} table ${table}`,
    good: ['10.1.2.0/24', 100],
    line: 'ip rule add from 10.1.2.0/24 table 100',
  },
];

const hostile: readonly (readonly [name: string, value: string | number])[] = [
  ['empty', ''],
  ['a space', ' '],
  ['two words', 'netns x'],
  ['a tab', 'a\tb'],
  ['a line break', 'a\nlink del dev eth0'],
  ['a carriage return', 'a\rb'],
  ['an option', '-x'],
  ['a long option', '--batch=/x'],
  ['a semicolon', 'a;reboot'],
  ['a pipe', 'a|b'],
  ['an ampersand', 'a&b'],
  ['a dollar', '$HOME'],
  ['a backquote', '`id`'],
  ['a single quote', "a'b"],
  ['a double quote', 'a"b'],
  ['a comment', 'a#b'],
  ['a backslash', 'a\\b'],
  ['NUL', 'a\0b'],
  ['escape', 'a\u001b[2Jb'],
  ['delete', 'a\u007fb'],
  ['64 KB', 'a'.repeat(65_536)],
  ['4097 bytes', 'é'.repeat(2049)],
  ['no-break space', 'a\u00a0b'],
  ['ideographic space', 'a\u3000b'],
  ['line separator', 'a\u2028b'],
  ['next line', 'a\u0085b'],
  ['byte order mark', 'a\ufeffb'],
  ['zero width space', 'a\u200bb'],
  ['right-to-left override', 'a\u202eb'],
  ['half a surrogate pair', 'a\ud800b'],
  ['a fraction', 1.5],
  ['not a number', Number.NaN],
  ['infinity', Number.POSITIVE_INFINITY],
  ['a negative number', -1],
  ['a number too large to be exact', 2 ** 53],
];

const places = templates.flatMap((template, at) => template.good.map((_, position) => ({ template, at, position })));

describe.each(places)('template $at, place $position', ({ template, position }) => {
  test('takes what belongs there', () => {
    expect(String(template.build(...template.good))).toBe(template.line);
  });

  test.each(hostile)('refuses %s', (_, value) => {
    const values = template.good.map((good, index) => (index === position ? value : good));
    expect(() => template.build(...values)).toThrow(CniError);
    expect(() => template.build(...values)).toThrow(/^refused argument "?.{0,70}: /);
    expect(() => template.build(...values)).toThrow(expect.objectContaining({ code: 7 }));
  });

  test('keeps any text one word, or refuses it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), (text) => {
        const values = template.good.map((good, index) => (index === position ? text : good));
        try {
          expect(String(template.build(...values)).split(/\s/)).toHaveLength(template.line.split(' ').length);
        } catch (error) {
          expect(error).toBeInstanceOf(CniError);
        }
      }),
    );
  });
});

describe('ip`…`', () => {
  test('leaves out what is not wanted', () => {
    const line = (mtu: number) => String(ip`link add name a ${mtu > 0 ? ip.part`mtu ${mtu}` : ip.none} type bridge`);
    expect(line(0)).toBe('ip link add name a type bridge');
    expect(line(9000)).toBe('ip link add name a mtu 9000 type bridge');
  });

  test('keeps options apart, and cannot be changed', () => {
    const command = ip`-6 -d route show dev ${'eth0'}`;
    expect(command.options).toEqual(['-6', '-d']);
    expect(command.words).toEqual(['route', 'show', 'dev', 'eth0']);
    expect(Object.isFrozen(command.words)).toBe(true);
  });

  test('a part is never glued to other text', () => {
    expect(() => ip`link add name x${ip.part`mtu 1`}`).toThrow('must stand alone');
    expect(() => ip`link add name ${ip.part`mtu 1`}x`).toThrow('must stand alone');
  });

  test('a value that is no text at all', () => {
    expect(() => ip`link del dev ${undefined as unknown as string}`).toThrow(CniError);
    expect(() => ip`link del dev ${{ toString: () => 'x' } as unknown as string}`).toThrow(CniError);
  });
});

test('tc`…` follows the same rules', () => {
  expect(String(tc`-r qdisc show dev ${'veth1'}`)).toBe('tc -r qdisc show dev veth1');
  expect(tc`qdisc del dev ${'veth1'} root`).toMatchObject({ program: 'tc', options: [] });
  for (const bad of ['', '-x', 'a b', 'a;b', 'a\nqdisc']) expect(() => tc`qdisc del dev ${bad} root`).toThrow(CniError);
});

describe('names', () => {
  test.each(['eth0', 'a', 'veth0a1b2c3d', 'eth0.100', 'wg-1', 'näme', 'br_x', 'cni0@x'])('link %s', (name) => {
    expect(linkName(name)).toBe(name);
  });

  test.each([
    '',
    '.',
    '..',
    'a/b',
    'a:b',
    'a b',
    'a%d',
    '-a',
    'sixteen-letters-',
    'netns',
    'type',
    'dev',
    'help',
    'master',
    'up',
  ])('no link %j', (name) => {
    expect(() => linkName(name)).toThrow(CniError);
  });

  test('an address is what the platform takes for one', () => {
    const text = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.stringMatching(/^[0-9a-f:.]{1,20}$/),
      fc.constantFrom(
        '::',
        '::1',
        '1::',
        '::ffff:1.2.3.4',
        '1:2:3:4:5:6:7::',
        '::1.2.3.4:1',
        '01.2.3.4',
        '1.2.3',
        ':::',
        '1.2.3.4::',
      ),
    );
    const takes = (value: string): boolean => {
      try {
        return ipAddress(value) === value;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(text, (value) => takes(value) === isIP(value) > 0),
      { numRuns: 2000 },
    );
  });

  test('no words in the place of addresses', () => {
    for (const word of ['all', 'any', 'default', 'fe80::1%eth0']) expect(() => ipAddress(word)).toThrow(CniError);
  });

  test('prefixes', () => {
    expect(prefix('10.0.0.0/8')).toBe('10.0.0.0/8');
    expect(prefix('fd00::/128')).toBe('fd00::/128');
    for (const bad of [
      '10.0.0.0',
      '10.0.0.0/33',
      '10.0.0.0/',
      '10.0.0.0/08',
      '10.0.0.0/8/8',
      'fd00::/129',
      'x/8',
      '/8',
    ]) {
      expect(() => prefix(bad)).toThrow(CniError);
    }
  });

  test('hardware addresses', () => {
    expect(macAddress('02:00:5E:10:00:ff')).toBe('02:00:5E:10:00:ff');
    for (const bad of ['', '02:00:5e:10:00', '02-00-5e-10-00-ff', '2:0:5e:10:0:f', '02:00:5e:10:00:zz']) {
      expect(() => macAddress(bad)).toThrow(CniError);
    }
  });

  test('paths of namespaces', () => {
    expect(netnsPath('/run/netns/blue')).toBe('/run/netns/blue');
    for (const bad of ['blue', '1', '', '/run/netns/a b', './x']) expect(() => netnsPath(bad)).toThrow(CniError);
  });
});
