import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { CniError } from '../types/error.ts';
import { parseCniArgs } from './cni-args.ts';

const KNOWN = ['MAC', 'IP'] as const;

describe('parseCniArgs', () => {
  test.each([
    ['', {}],
    ['MAC=0a:00:00:00:00:01', { MAC: '0a:00:00:00:00:01' }],
    ['MAC=a;IP=b', { MAC: 'a', IP: 'b' }],
    ['MAC=a;MAC=b', { MAC: 'b' }],
    ['MAC=', { MAC: '' }],
    ['IgnoreUnknown=1;K8S_POD_NAME=web;K8S_POD_UID=', {}],
    ['K8S_POD_NAME=web;IgnoreUnknown=true;IP=10.1.2.3', { IP: '10.1.2.3' }],
    ['IgnoreUnknown=TRUE;mac=a', {}],
    ['IgnoreUnknown=0;MAC=a', { MAC: 'a' }],
    ['IgnoreUnknown=False', {}],
    ['IgnoreUnknown=0;X=1;IgnoreUnknown=1', {}],
    ['IgnoreUnknown=1;__proto__=x;constructor=y', {}],
  ])('%j', (text, args) => {
    expect(parseCniArgs(text, KNOWN)).toEqual(args);
  });

  test.each([
    ['FOO', 'ARGS: invalid pair "FOO"'],
    [';', 'ARGS: invalid pair ""'],
    ['MAC=a;', 'ARGS: invalid pair ""'],
    ['MAC=a=b', 'ARGS: invalid pair "MAC=a=b"'],
    ['IgnoreUnknown=1;FOO=a=b', 'ARGS: invalid pair "FOO=a=b"'],
    ['FOO=BAR;X', 'ARGS: invalid pair "X"'],
    ['FOO=BAR', 'ARGS: unknown args ["FOO=BAR"]'],
    ['K=V;MAC=a;K2=V2', 'ARGS: unknown args ["K=V" "K2=V2"]'],
    ['=x', 'ARGS: unknown args ["=x"]'],
    ['mac=a', 'ARGS: unknown args ["mac=a"]'],
    ['ignoreunknown=1', 'ARGS: unknown args ["ignoreunknown=1"]'],
    ['IgnoreUnknown=0;FOO=BAR', 'ARGS: unknown args ["FOO=BAR"]'],
    ['IgnoreUnknown=1;IgnoreUnknown=0;FOO=BAR', 'ARGS: unknown args ["FOO=BAR"]'],
    ['a"b=c', 'ARGS: unknown args ["a\\"b=c"]'],
    [
      'IgnoreUnknown=x',
      'ARGS: error parsing value of pair "IgnoreUnknown=x": boolean unmarshal error: invalid input x',
    ],
    [
      'IgnoreUnknown=Yes',
      'ARGS: error parsing value of pair "IgnoreUnknown=Yes": boolean unmarshal error: invalid input yes',
    ],
    ['IgnoreUnknown=', 'ARGS: error parsing value of pair "IgnoreUnknown=": boolean unmarshal error: invalid input '],
  ])('%j: %s', (text, message) => {
    expect(() => parseCniArgs(text, KNOWN)).toThrow(expect.objectContaining({ code: 4, message }));
  });

  it('says what would have been known', () => {
    expect(() => parseCniArgs('FOO=BAR', KNOWN)).toThrow(
      expect.objectContaining({
        details: 'CNI_ARGS: this plugin knows MAC, IP, IgnoreUnknown; IgnoreUnknown=1 lets others pass',
      }),
    );
  });

  it('finds every known value again, whatever else is passed', () => {
    const word = fc.string().filter((text) => !/[;=]/.test(text));
    fc.assert(
      fc.property(word, word, fc.array(fc.tuple(word, word)), (mac, ip, others) => {
        const strangers = others.filter(([key]) => !['MAC', 'IP', 'IgnoreUnknown'].includes(key));
        const pairs = [['IgnoreUnknown', '1'], ...strangers, ['MAC', mac], ['IP', ip]];
        const text = pairs.map((pair) => pair.join('=')).join(';');
        expect(parseCniArgs(text, KNOWN)).toEqual({ MAC: mac, IP: ip });
      }),
    );
  });

  it('throws nothing but CniError', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('=', ';', 'MAC', 'IgnoreUnknown', '1', 'x') }), (text) => {
        try {
          parseCniArgs(text, KNOWN);
        } catch (error) {
          expect(error).toBeInstanceOf(CniError);
        }
      }),
    );
  });
});
