import { expect, test } from 'vitest';
import { ageOf } from './age.ts';
import { planText } from './plan/text.ts';
import { table } from './table.ts';
import { podText, type Terminal } from './terminal.ts';

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

test('nothing from outside can be a line of a plan or a word to a terminal', () => {
  expect(podText({ namespace: 'a\u001b[31m', name: 'b\n' })).toBe('a [31m/b ');
  const attachment = { containerId: 'c', netns: '/n', ifName: 'eth0', args: [], capabilityArgs: {} };
  const flags = { disableCheck: false, disableGC: false, onlyInlined: true };
  const list = { name: 'net', cniVersion: '1.0.0', ...flags, plugins: [], text: '' };
  const notes = ['there is no backend "x\nreboot"'];
  const chain = {
    plugins: [{ plugin: 'firewall', steps: [{ place: '/n\nreboot', lines: ['true'] }], notes }],
    unknown: [],
  };
  const plainTerminal: Terminal = { ...terminal, style: (_, text) => text };
  const lines = planText({ list, file: '/f\nreboot', attachment }, chain, plainTerminal).split('\n');
  expect(lines.filter((line) => line !== '' && !line.startsWith('#'))).toEqual(['true']);
});
