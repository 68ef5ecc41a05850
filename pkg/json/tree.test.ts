import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type JsonNode, jsonTree } from './tree.ts';

/** The value again, from what stands at the places. */
function decoded(text: string, node: JsonNode): unknown {
  if (node.kind === 'list') return node.items.map((item) => decoded(text, item));
  if (node.kind === 'scalar') return JSON.parse(text.slice(node.start, node.end));
  return Object.fromEntries(
    node.members.map(({ keyStart, keyEnd, key, value }) => {
      expect(JSON.parse(text.slice(keyStart, keyEnd))).toBe(key);
      return [key, decoded(text, value)];
    }),
  );
}

test('every value stands where the tree says', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
      const text = ` ${JSON.stringify(value, null, indent)}\n`;
      const tree = jsonTree(text);
      expect(JSON.parse(text.slice(tree.start, tree.end))).toEqual(JSON.parse(text));
      expect(decoded(text, tree)).toEqual(JSON.parse(text));
    }),
  );
});

test('a key that stands twice is there twice', () => {
  const tree = jsonTree('{"a": 1, "b": {}, "a": [ ]}');
  expect(tree.kind === 'object' && tree.members.map(({ key, keyStart }) => [key, keyStart])).toEqual([
    ['a', 1],
    ['b', 9],
    ['a', 18],
  ]);
});
