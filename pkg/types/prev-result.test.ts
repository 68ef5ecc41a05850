import { describe, expect, it, test } from 'vitest';
import { parseDelegateOutput, parsePrevResult } from './prev-result.ts';

const ADDRESS = '10.1.2.3/24';
const IPS = [{ address: ADDRESS }];

describe('parsePrevResult', () => {
  test.each([undefined, null])('%s is none', (raw) => {
    expect(parsePrevResult(raw, '1.1.0')).toBeUndefined();
  });

  it('takes an empty object for an empty result', () => {
    expect(parsePrevResult({}, '0.4.0')).toEqual({});
  });

  test.each([
    ['the version of the configuration', {}, '1.0.0'],
    ['null for absent', { cniVersion: null }, '1.0.0'],
    ['another version of the family', { cniVersion: '1.1.0' }, '1.0.0'],
    ['a version under another spelling', { CNIVersion: '0.3.0' }, '0.4.0'],
  ] as const)('takes %s', (_, version, configVersion) => {
    expect(parsePrevResult({ ...version, ips: IPS }, configVersion)).toEqual({ ips: IPS });
  });

  it('takes the empty version for 0.1.0', () => {
    expect(parsePrevResult({ cniVersion: '', ip4: { ip: ADDRESS } }, '0.2.0')).toEqual({ ips: IPS });
  });

  test.each([
    [
      '0.4.0',
      { cniVersion: '1.0.0' },
      'could not parse prevResult: result type supports [0.3.0 0.3.1 0.4.0] but unmarshalled CNIVersion is "1.0.0"',
    ],
    [
      '1.0.0',
      { cniVersion: '' },
      'could not parse prevResult: result type supports [1.0.0 1.1.0] but unmarshalled CNIVersion is ""',
    ],
    ['1.1.0', { ips: [{ address: '10.1.2.3' }] }, 'could not parse prevResult: invalid CIDR address: 10.1.2.3'],
    ['1.1.0', { ips: 5 }, 'could not parse prevResult: cannot unmarshal number into ips'],
    ['1.1.0', [], 'could not parse prevResult: cannot unmarshal array into document'],
    ['1.1.0', 'x', 'could not parse prevResult: cannot unmarshal string into document'],
  ] as const)('%s refuses %j', (configVersion, raw, message) => {
    expect(() => parsePrevResult(raw, configVersion)).toThrow(
      expect.objectContaining({ code: 6, message, details: expect.stringMatching(/./) }),
    );
  });
});

describe('parseDelegateOutput', () => {
  test.each([
    [
      'its own version',
      '{"cniVersion":"0.4.0","ips":[{"version":"4","address":"10.1.2.3/24"}]}',
      '0.4.0',
      { ips: IPS },
    ],
    ['its own old version', '{"cniVersion":"0.2.0","ip4":{"ip":"10.1.2.3/24"}}', '0.2.0', { ips: IPS }],
    ['no version', '{"ips":[{"address":"10.1.2.3/24"}]}', '1.0.0', { ips: IPS }],
    ['an empty version', '{"cniVersion":"","ips":[{"address":"10.1.2.3/24"}]}', '1.0.0', { ips: IPS }],
    ['a null version', '{"cniVersion":null}', '1.0.0', {}],
    ['null', 'null', '1.0.0', {}],
    ['space around it', ' \n{}\n', '1.0.0', {}],
  ])('with %s', (_, stdout, version, result) => {
    expect(parseDelegateOutput(stdout, '1.0.0')).toEqual({ version, result });
  });

  test.each([
    ['', 6, 'failed to unmarshal raw result: unexpected end of JSON input'],
    [' \n', 6, 'failed to unmarshal raw result: unexpected end of JSON input'],
    ['{"cniVersion":"1.0.0"', 6, 'failed to unmarshal raw result: not a JSON document'],
    ['{} x', 6, 'failed to unmarshal raw result: not a JSON document'],
    ['[]', 6, 'failed to unmarshal raw result: cannot unmarshal array into document'],
    ['{"cniVersion":1}', 6, 'failed to unmarshal raw result: cannot unmarshal number into cniVersion'],
    ['{"cniVersion":"7.0.0"}', 1, 'unsupported CNI result version "7.0.0"'],
    ['{"ips":[{"address":"x"}]}', 6, 'invalid CIDR address: x'],
  ])('%j is refused', (stdout, code, message) => {
    expect(() => parseDelegateOutput(stdout, '1.0.0')).toThrow(
      expect.objectContaining({ code, message, details: expect.stringMatching(/./) }),
    );
  });

  it('shows the beginning of what was printed instead of a result', () => {
    expect(() => parseDelegateOutput(`panic: "${'x'.repeat(1e6)}`, '1.0.0')).toThrow(
      expect.objectContaining({
        details: expect.stringMatching(/^found string "panic: \\"x{45,60}…", expected .{1,400}$/s),
      }),
    );
  });
});
