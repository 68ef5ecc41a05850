import { expect, test } from 'vitest';
import { readMtu } from './settings.ts';

test.each([
  [undefined, 0],
  [0, 0],
  [-5, 0],
  [68, 68],
  [65_535, 65_535],
])('%s is %i', (mtu, read) => expect(readMtu(mtu)).toBe(read));

test.each([1, 67, 65_536, 99_999_999])('%i is refused with its key and what is expected', (mtu) => {
  expect(() => readMtu(mtu)).toThrow(
    expect.objectContaining({
      code: 7,
      message: `invalid MTU ${mtu}`,
      details: `key "mtu": found number ${mtu}, expected 68 to 65535, or 0 for the kernel's`,
    }),
  );
});
