import { expect, test } from 'vitest';
import { idsIn } from './valid.ts';

const LONG = 'a'.repeat(64);

test.each([
  ['nothing', '\n', []],
  ['ids on lines', `${LONG}\nb\n`, [LONG, 'b']],
  [
    'crictl pods -o json',
    JSON.stringify({
      items: [
        { id: 'a', state: 'SANDBOX_READY' },
        { id: 'b', state: 'SANDBOX_NOTREADY' },
      ],
    }),
    ['a'],
  ],
  [
    'podman ps --format json',
    JSON.stringify([
      { Id: 'a', State: 'running' },
      { Id: 'b', State: 'exited' },
    ]),
    ['a'],
  ],
  ['a list of ids', '["a", "b"]', ['a', 'b']],
])('%s', (_, text, ids) => {
  expect(idsIn(text, '-')).toEqual(ids);
});

test.each([
  ['{"items": 1}', 'found an object without "items"'],
  ['{', 'found not JSON'],
  ['[{}]', 'found no "id" in element 0'],
  ['CONTAINER ID  IMAGE', 'found "CONTAINER ID  IMAGE"'],
])('%s is refused: half a list would make living containers dead ones', (text, says) => {
  expect(() => idsIn(text, 'pods')).toThrow(`cannot read the valid containers in pods: ${says}`);
});
