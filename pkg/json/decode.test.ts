import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeJson, MAX_DEPTH, MAX_VALUES } from './decode.ts';
import { findSyntaxError } from './syntax-error.ts';

describe('decodeJson', () => {
  test('gives what JSON.parse gives', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), async (text) => {
        expect(await decodeJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  test.each([
    ['', 'unexpected end of JSON input at line 1, column 1: the text is empty'],
    ['{"a":1', 'unexpected end of JSON input at line 1, column 7: expected "," or "}"'],
    ['{"a":"x', 'unexpected end of JSON input at line 1, column 8: expected a closing double quote'],
    ['{} x', 'line 1, column 4: found "x", expected the end of the document'],
    ['{\n  a: 1}', 'line 2, column 3: found "a:", expected a key in double quotes'],
    ['{"a" 1}', 'line 1, column 6: found "1", expected ":" after the key'],
    ['[1 2]', 'line 1, column 4: found "2", expected "," or "]"'],
    ['[1,]', 'line 1, column 4: found "]", expected a value'],
    ['{"a":1,}', 'line 1, column 8: found "}", expected a key in double quotes'],
    ['{"a":"\\x"}', 'line 1, column 7: found "\\\\x\\"", expected an escape sequence that JSON knows'],
    ['{"a":"\t"}', 'line 1, column 7: found "\\t", expected a closing double quote'],
    ['\ufeff{}', 'line 1, column 1: found "\ufeff", expected a value'],
    ['{"a":.5}', 'line 1, column 6: found ".5", expected a value'],
    ["{'a':1}", 'line 1, column 2: found "\'a\':1", expected a key in double quotes'],
  ])('%j: %s', async (text, message) => {
    await expect(decodeJson(text)).rejects.toThrow(message);
  });

  test('refuses what nests too deep, whatever the brackets inside texts', async () => {
    await expect(decodeJson('['.repeat(MAX_DEPTH + 1))).rejects.toThrow('nested deeper than 1000 levels');
    await expect(decodeJson('['.repeat(3_000_000))).rejects.toThrow('nested deeper');
    const deep = '['.repeat(MAX_DEPTH) + ']'.repeat(MAX_DEPTH);
    expect(await decodeJson(deep)).toBeInstanceOf(Array);
    expect(await decodeJson(`"${'['.repeat(5000)}\\""`)).toContain('[');
  });

  test('keeps __proto__ an ordinary key', async () => {
    const decoded = (await decodeJson('{"__proto__":{"polluted":true}}')) as object;
    expect(Object.hasOwn(decoded, '__proto__')).toBe(true);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe('a document that would take much memory is refused', () => {
  const problem = `more than ${MAX_VALUES} values`;

  test.each([
    ['numbers', '1'],
    ['lists', '[]'],
    ['objects', '{"a":1}'],
  ])('%s', async (_, element) => {
    const text = (count: number) => `[${Array.from({ length: count }, () => element).join()}]`;
    await expect(decodeJson(text(2 * MAX_VALUES))).rejects.toThrow(problem);
    expect(await decodeJson(text(MAX_VALUES / 2))).toHaveLength(MAX_VALUES / 2);
  });

  test('not for what is inside a text', async () => {
    const commas = ',[{'.repeat(MAX_VALUES);
    expect(await decodeJson(JSON.stringify([commas]))).toEqual([commas]);
    const afterQuote = `"${commas}`;
    expect(await decodeJson(JSON.stringify([afterQuote]))).toEqual([afterQuote]);
  });
});

describe('findSyntaxError', () => {
  test.each([
    ['\n\n{"a":\n x}', 'line 4, column 2: found "x", expected a value'],
    ['{"a":1\r\n"b":2}', 'line 2, column 1: found "\\"b\\":2", expected "," or "}"'],
    ['\n', 'unexpected end of JSON input at line 2, column 1: the text is empty'],
    ['"a\nb"', 'line 1, column 3: found "\\n", expected a closing double quote'],
    ['x\n\n', 'line 1, column 1: found "x", expected a value'],
  ])('%j: %s', (text, problem) => {
    expect(findSyntaxError(text)).toBe(problem);
  });

  test('agrees with JSON.parse on what is JSON', () => {
    const nearlyJson = fc
      .tuple(
        fc.json(),
        fc.nat(),
        fc.constantFrom('', '"', '\\', ',', '{', '}', '[', '1', 'x', '\n', '\u0000', '\u2028'),
      )
      .map(([text, at, insert]) => text.slice(0, at % (text.length + 1)) + insert + text.slice(at % (text.length + 1)));
    fc.assert(
      fc.property(nearlyJson, (text) => {
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        expect(findSyntaxError(text) === 'not a JSON document').toBe(valid);
      }),
      { numRuns: 2000 },
    );
  });
});
