import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { convertDocument } from '../../pkg/types/convert.ts';
import { parseResult } from '../../pkg/types/parse-result.ts';
import { printJson, printResult } from '../../pkg/types/print.ts';
import type { Result } from '../../pkg/types/result.ts';
import { type ResultFamily, SPEC_VERSIONS, type SpecVersion } from '../../pkg/types/version.ts';
import { anyResult } from './any-result.ts';
import { SCENARIOS } from './conversion-scenarios.ts';

const FAMILY: Readonly<Record<SpecVersion, ResultFamily>> = {
  '0.1.0': 'pair',
  '0.2.0': 'pair',
  '0.3.0': 'numbered',
  '0.3.1': 'numbered',
  '0.4.0': 'numbered',
  '1.0.0': 'current',
  '1.1.0': 'current',
};

const cases = SCENARIOS.flatMap(({ name, from }) =>
  SPEC_VERSIONS.flatMap((source) =>
    SPEC_VERSIONS.flatMap((target) => {
      const conversion = from[FAMILY[source]];
      if (conversion === undefined) return [];
      return [{ name, source, target, document: conversion.document, expected: conversion[FAMILY[target]] }];
    }),
  ),
);

describe('every version into every version', () => {
  test.each(cases)('$source to $target: $name', ({ source, target, document, expected }) => {
    const convert = () => printJson(convertDocument({ cniVersion: source, ...document }, source, target));
    if (typeof expected === 'string')
      expect(convert).toThrow(expect.objectContaining({ code: 999, message: expected }));
    else expect(convert()).toBe(JSON.stringify({ cniVersion: target, ...expected }, null, 4));
  });

  it('covers all pairs', () => {
    expect(new Set(cases.map(({ source, target }) => `${source} ${target}`)).size).toBe(49);
    expect(cases.length).toBeGreaterThanOrEqual(170);
  });

  test.each([
    ['1.1.0', '1.2.0', 1, 'no converter for CNI result version 1.1.0 to 1.2.0'],
    ['0.4.0', 'x', 1, 'no converter for CNI result version 0.4.0 to x'],
    ['9.9', '1.0.0', 1, 'unsupported CNI result version "9.9"'],
  ])('%s to %s is refused', (source, target, code, message) => {
    expect(() => convertDocument({ cniVersion: source }, source, target)).toThrow(
      expect.objectContaining({ code, message }),
    );
  });

  it('takes an empty target for 0.1.0', () => {
    const document = { ip4: { ip: '10.1.2.3/24' } };
    expect(printJson(convertDocument(document, '', ''))).toBe(
      JSON.stringify({ cniVersion: '0.1.0', ip4: { ip: '10.1.2.3/24' }, dns: {} }, null, 4),
    );
  });
});

describe('round trips', () => {
  const reread = (result: Result, version: SpecVersion) =>
    parseResult(JSON.parse(printResult(result, version)), version);

  test.each(['1.0.0', '1.1.0'] as const)('%s loses nothing', (version) => {
    fc.assert(
      fc.property(anyResult, (result) => {
        expect(reread(result, version)).toEqual(result);
      }),
    );
  });

  test.each(['0.3.0', '0.3.1', '0.4.0'] as const)('%s loses only what 1.1.0 added to interfaces', (version) => {
    fc.assert(
      fc.property(anyResult, (result) => {
        const interfaces = result.interfaces?.map(({ mtu, socketPath, pciID, ...rest }) => rest);
        expect(reread(result, version)).toEqual({ ...result, ...(interfaces && { interfaces }) });
      }),
    );
  });

  test.each(['0.1.0', '0.2.0'] as const)('%s says the same the second time', (version) => {
    fc.assert(
      fc.property(anyResult, (result) => {
        fc.pre(result.ips !== undefined);
        const once = reread(result, version);
        expect(reread(once, version)).toEqual(once);
        expect(once.interfaces).toBeUndefined();
        expect(once.dns).toEqual(result.dns);
        expect(result.ips?.map(({ address }) => address)).toEqual(
          expect.arrayContaining(once.ips?.map(({ address }) => address) ?? []),
        );
      }),
    );
  });

  it('prints the same text again', () => {
    fc.assert(
      fc.property(anyResult, fc.constantFrom(...SPEC_VERSIONS.slice(2)), (result, version) => {
        const text = printResult(result, version);
        expect(printResult(parseResult(JSON.parse(text), version), version)).toBe(text);
      }),
    );
  });
});
