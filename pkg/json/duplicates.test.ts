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

test('as many keys as a document may have are looked at soon', () => {
  const keys = Array.from({ length: 49_000 }, (_, key) => `"net.ipv4.conf.IFNAME.key${key}":"1"`);
  const started = performance.now();
  expect(duplicateKeyUnder(`{"sysctl":{${keys.join()}}}`, 'sysctl')).toBeUndefined();
  expect(performance.now() - started).toBeLessThan(1000);
});
