import { expect, test } from 'vitest';
import { ageOf } from './age.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';

const terminal: Terminal = {
  async out() {},
  async err() {},
  style: (style, text) => `<${style}>${text}</>`,
};

test('columns are as wide as their widest cell, whatever styles are around it', () => {
  expect(
    table(
      ['A', 'LONG', 'C'],
      [
        ['x', { text: 'y', style: 'red' }, 'end'],
        ['wide', '', ''],
      ],
      terminal,
    ),
  ).toBe('<dim>A</>     <dim>LONG</>  <dim>C</>\nx     <red>y</>     end\nwide\n');
});

test.each([
  [0, '0 s'],
  [59, '59 s'],
  [60, '1 min'],
  [119, '1 min'],
  [3600, '1 h'],
  [3660, '1 h 1 min'],
  [90_000, '1 d 1 h'],
  [86_460, '1 d'],
  [-5, '0 s'],
])('%i seconds are %s', (seconds, text) => {
  expect(ageOf(1000, 1000 + seconds * 1000)).toBe(text);
});
