import { getSystemErrorMap } from 'node:util';
import { expect, test } from 'vitest';
import { causeErrno, errnoFromText, errnoName, errnoText, isErrnoName, thrownErrno } from './errno.ts';

test('numbers are the ones of this system', () => {
  for (const [number, [name]] of getSystemErrorMap()) {
    if (number > -200 && isErrnoName(name)) expect(errnoName(number)).toBe(name);
  }
});

test('texts both ways', () => {
  expect(errnoText('ENOENT')).toBe('no such file or directory');
  expect(errnoFromText('File exists')).toBe('EEXIST');
  expect(errnoFromText(' no such device\n')).toBe('ENODEV');
  expect(errnoFromText('Stale file handle')).toBe('ESTALE');
  expect(errnoFromText('Operation not supported')).toBe('EOPNOTSUPP');
  expect(errnoFromText('never heard')).toBeUndefined();
  expect(errnoName(4095)).toBeUndefined();
});

test('thrown values', () => {
  const thrown = Object.assign(new Error('x'), { code: 'EBUSY' });
  expect(thrownErrno(thrown)).toBe('EBUSY');
  expect(causeErrno(new Error('y', { cause: thrown }))).toBe('EBUSY');
  expect(thrownErrno(new Error('x'))).toBeUndefined();
  expect(thrownErrno('EBUSY')).toBeUndefined();
});
