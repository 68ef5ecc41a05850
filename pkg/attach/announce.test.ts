import { expect, test } from 'vitest';
import { announcement } from './announce.ts';

test('an announcement is a question to all that answers itself', () => {
  const frame = announcement('02:00:00:00:00:0a', '10.1.0.7');
  expect(Buffer.from(frame ?? []).toString('hex')).toBe(
    ['ffffffffffff 02000000000a 0806', '0001 0800 06 04 0001', '02000000000a 0a010007', '000000000000 0a010007']
      .join('')
      .replaceAll(' ', ''),
  );
});

test.each([
  ['02:00:00:00:00:0a', 'fd00::1'],
  ['02:00:00:00:00', '10.1.0.7'],
])('what is no Ethernet or no IPv4 has none: %s, %s', (mac, address) => {
  expect(announcement(mac, address)).toBeUndefined();
});
