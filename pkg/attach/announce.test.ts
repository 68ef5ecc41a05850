import { expect, test } from 'vitest';
import { announcement, solicitation } from './announce.ts';

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

test('a question for routers says where its sender is, if it has an address', () => {
  expect(hex(solicitation('de:ad:be:ef:00:01', true))).toBe(
    compact(
      '33330000 0002 deadbeef0001 86dd 60000000 0010 3a ff',
      'fe80000000000000dcadbefffeef0001 ff020000000000000000000000000002',
      '85 00 43f1 00000000 0101deadbeef0001',
    ),
  );
  expect(hex(solicitation('de:ad:be:ef:00:01', false))).toBe(
    compact(
      '33330000 0002 deadbeef0001 86dd 60000000 0008 3a ff',
      '00000000000000000000000000000000 ff020000000000000000000000000002',
      '85 00 7bb8 00000000',
    ),
  );
  expect(solicitation('02:00', true)).toBeUndefined();
});

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex');
}

function compact(...parts: readonly string[]): string {
  return parts.join('').replaceAll(' ', '');
}
