import { expect, test } from 'vitest';
import { announcement, groupReport, solicitation } from './frames.ts';

const MAC = '02:00:00:00:00:0a';

test('an announcement is a question to all that answers itself', () => {
  const frame = announcement('02:00:00:00:00:0a', '10.1.0.7');
  expect(Buffer.from(frame ?? []).toString('hex')).toBe(
    ['ffffffffffff 02000000000a 0806', '0001 0800 06 04 0001', '02000000000a 0a010007', '000000000000 0a010007']
      .join('')
      .replaceAll(' ', ''),
  );
});

test('an announcement to one is the same but for its receiver', () => {
  const [all, one] = [announcement(MAC, '10.1.0.7'), announcement(MAC, '10.1.0.7', '02:00:00:00:00:01')];
  expect(hex(one)).toBe(hex(all).replace(/^f{12}/, '020000000001'));
});

test.each([
  [MAC, 'fd00::1', undefined],
  ['02:00:00:00:00', '10.1.0.7', undefined],
  [MAC, '10.1.0.7', 'somebody'],
])('what is no Ethernet or no IPv4 has none: %s, %s, %s', (mac, address, to) => {
  expect(announcement(mac, address, to)).toBeUndefined();
});

test('a report names the groups that others have to know of', () => {
  const groups = [
    'ff0200000000000000000001ff000021',
    'ff020000000000000000000000000001',
    'ff010000000000000000000000000001',
    'ff05000000000000000000000000abcd',
  ];
  expect(hex(groupReport('02:00:00:00:00:21', true, bytesOf(groups)))).toBe(
    compact(
      '33330000 0016 020000000021 86dd 60000000 0038 00 01',
      'fe80000000000000000000fffe000021 ff020000000000000000000000000016 3a00 05020000 0100',
      '8f00 c2de 0000 0002 04000000 ff0200000000000000000001ff000021 04000000 ff05000000000000000000000000abcd',
    ),
  );
  expect(groupReport('02:00:00:00:00:21', true, bytesOf(groups.slice(1, 3)))).toBeUndefined();
  expect(groupReport('02:00', true, bytesOf(groups))).toBeUndefined();
});

function bytesOf(groups: readonly string[]): readonly Uint8Array[] {
  return groups.map((group) => Uint8Array.from(Buffer.from(group, 'hex')));
}

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
