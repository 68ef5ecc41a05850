import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeJson, MAX_DEPTH } from './decode.ts';
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

describe('findSyntaxError', () => {
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
