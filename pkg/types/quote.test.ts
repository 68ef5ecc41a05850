import { describe, expect, it, test } from 'vitest';
import { quote, quoteList } from './quote.ts';

describe('quote', () => {
  test.each([
    ['', '""'],
    ['eth0', '"eth0"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['\u0007\b\f\n\r\t\v', '"\\a\\b\\f\\n\\r\\t\\v"'],
    ['\u0000\u001b\u007f', '"\\x00\\x1b\\x7f"'],
    ['Käse 日本 €', '"Käse 日本 €"'],
    ['\u00a0\u2028\ufeff', '"\\u00a0\\u2028\\ufeff"'],
    ['😀', '"😀"'],
    ['\u{e0001}', '"\\U000e0001"'],
    ['\ud800', '"\\ud800"'],
    ["<b> & '", '"<b> & \'"'],
  ])('%j', (text, quoted) => {
    expect(quote(text)).toBe(quoted);
  });

  it('lists texts as CNI messages do', () => {
    expect(quoteList(['0.3.0', 'a"b'])).toBe('["0.3.0" "a\\"b"]');
    expect(quoteList([])).toBe('[]');
  });
});
