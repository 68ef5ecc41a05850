import { expect, test } from 'vitest';
import { readAddresses } from './address.ts';
import { restoreText } from './restore.ts';
import { additions, removals } from './rule.ts';

const key = { network: 'bt', containerId: 'x', ifName: 'eth0' };

test('rules of an address, in the order of the reference plugins', () => {
  expect(restoreText(additions(key, readAddresses(['10.99.0.2/16'])))).toBe(
    [
      '*nat',
      '-A CNI-7c1f184adecff1d6a7b2bf03 -d 10.99.0.2/16 -j ACCEPT -m comment --comment "name: \\"bt\\" id: \\"x\\""',
      '-A CNI-7c1f184adecff1d6a7b2bf03 ! -d 224.0.0.0/4 -j MASQUERADE -m comment --comment "name: \\"bt\\" id: \\"x\\""',
      '-A POSTROUTING -s 10.99.0.2 -j CNI-7c1f184adecff1d6a7b2bf03 -m comment --comment "name: \\"bt\\" id: \\"x\\""',
      'COMMIT',
      '',
    ].join('\n'),
  );
});

test('several addresses share what is the same', () => {
  const commands = additions(key, readAddresses(['10.1.0.2/16', '10.1.0.3/16', '10.2.0.2/16', '10.1.0.2/16']));
  expect(
    commands.map((command) =>
      command
        .slice(1, 5)
        .join(' ')
        .replace(/CNI-\w+/, 'CNI'),
    ),
  ).toEqual([
    'CNI -d 10.1.0.2/16 -j',
    'CNI ! -d 224.0.0.0/4',
    'POSTROUTING -s 10.1.0.2 -j',
    'POSTROUTING -s 10.1.0.3 -j',
    'CNI -d 10.2.0.2/16 -j',
    'POSTROUTING -s 10.2.0.2 -j',
  ]);
});

test('IPv6 has its own multicast, and one notation', () => {
  const text = restoreText(additions(key, readAddresses(['FD00:0::2/64'])));
  expect(text).toContain(' -d fd00::2/64 -j ACCEPT');
  expect(text).toContain(' ! -d ff00::/8 -j MASQUERADE');
  expect(text).toContain('-A POSTROUTING -s fd00::2 -j ');
});

test('a removal names the rule, then the chain', () => {
  const commands = removals(key, readAddresses(['10.99.0.2/16']));
  expect(commands.map((command) => command.slice(0, 2).join(' '))).toEqual([
    '-D POSTROUTING',
    '-F CNI-7c1f184adecff1d6a7b2bf03',
    '-X CNI-7c1f184adecff1d6a7b2bf03',
  ]);
});

test('nothing gets out of its word', () => {
  expect(restoreText([['--comment', 'a "b\\" c']])).toBe('*nat\n--comment "a \\"b\\\\\\" c"\nCOMMIT\n');
  expect(restoreText([['']])).toContain('\n""\n');
  expect(() => restoreText([['a\n-F']])).toThrow('control character in "a\\n-F"');
  expect(() => readAddresses(['10.1.2.3/16 -j ACCEPT'])).toThrow('invalid CIDR address');
  const breaking = { ...key, containerId: 'x"\n-F POSTROUTING' };
  expect(restoreText(additions(breaking, readAddresses(['10.1.2.3/16']))).split('\n')).toHaveLength(6);
});
