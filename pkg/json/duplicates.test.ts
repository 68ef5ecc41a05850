import { expect, test } from 'vitest';
import { duplicateKeyUnder } from './duplicates.ts';

test.each<[string, string | undefined]>([
  ['{"sysctl":{"a":"1","b":"2"}}', undefined],
  ['{"sysctl":{"a":"1","a":"2"}}', 'a'],
  ['{"sysctl":{"a":"1","\\u0061":"2"}}', 'a'],
  ['{"sysctl" : { "a" :"1" , "b":"{\\"a\\":1}", "a"\n:"2"}}', 'a'],
  ['{"a":1,"sysctl":{"a":"1"},"b":{"a":"1","a":"2"}}', undefined],
  ['{"x":{"sysctl":{"a":"1","a":"2"}}}', undefined],
  ['{"x":[{"sysctl":{"a":"1","a":"2"}}],"sysctl":{}}', undefined],
  ['{"sysctl":{"a":{"b":1},"b":"2","b":"3"}}', 'b'],
  ['{"sysctl":{"a":"1"},"sysctl":{"a":"1"}}', undefined],
  ['{"sysctl":["a","a"]}', undefined],
  ['{"sysctl":{"a\\"":"1","a\\\\":"2","a\\"":"3"}}', 'a"'],
])('%s', (text, duplicate) => {
  expect(duplicateKeyUnder(text, 'sysctl')).toBe(duplicate);
});
