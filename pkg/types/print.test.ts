import { describe, expect, it } from 'vitest';
import { CniError } from './error.ts';
import { printError, printJson, printResult, printVersions } from './print.ts';
import type { Result } from './result.ts';
import { SPEC_VERSIONS } from './version.ts';

const RESULT: Result = {
  interfaces: [{ name: 'cni0' }, { name: 'eth0', mac: '0a:b6:12:37:3f:e9', sandbox: '/var/run/netns/c1' }],
  ips: [{ address: '10.99.0.3/16', gateway: '10.99.0.1', interface: 1 }],
  routes: [{ dst: '0.0.0.0/0', scope: 0, mtu: 1400 }],
  dns: { search: ['a.example'], nameservers: ['10.0.0.2'] },
};

describe('printResult', () => {
  it('sorts every level from 1.0.0 on', () => {
    expect(printResult(RESULT, '1.1.0')).toBe(`{
    "cniVersion": "1.1.0",
    "dns": {
        "nameservers": [
            "10.0.0.2"
        ],
        "search": [
            "a.example"
        ]
    },
    "interfaces": [
        {
            "name": "cni0"
        },
        {
            "mac": "0a:b6:12:37:3f:e9",
            "name": "eth0",
            "sandbox": "/var/run/netns/c1"
        }
    ],
    "ips": [
        {
            "address": "10.99.0.3/16",
            "gateway": "10.99.0.1",
            "interface": 1
        }
    ],
    "routes": [
        {
            "dst": "0.0.0.0/0",
            "mtu": 1400,
            "scope": 0
        }
    ]
}`);
  });

  it('keeps the fixed order before', () => {
    expect(printResult(RESULT, '0.4.0')).toBe(`{
    "cniVersion": "0.4.0",
    "interfaces": [
        {
            "name": "cni0"
        },
        {
            "name": "eth0",
            "mac": "0a:b6:12:37:3f:e9",
            "sandbox": "/var/run/netns/c1"
        }
    ],
    "ips": [
        {
            "version": "4",
            "interface": 1,
            "address": "10.99.0.3/16",
            "gateway": "10.99.0.1"
        }
    ],
    "routes": [
        {
            "dst": "0.0.0.0/0",
            "mtu": 1400,
            "scope": 0
        }
    ],
    "dns": {
        "nameservers": [
            "10.0.0.2"
        ],
        "search": [
            "a.example"
        ]
    }
}`);
  });

  it('has one address of a family in the oldest versions', () => {
    expect(printResult({ ips: RESULT.ips ?? [], routes: RESULT.routes ?? [] }, '0.1.0')).toBe(`{
    "cniVersion": "0.1.0",
    "ip4": {
        "ip": "10.99.0.3/16",
        "gateway": "10.99.0.1",
        "routes": [
            {
                "dst": "0.0.0.0/0"
            }
        ]
    },
    "dns": {}
}`);
  });

  it('demands an address in the oldest versions, unless the result was read from such a document', () => {
    expect(() => printResult({}, '0.2.0')).toThrow('cannot convert: no valid IP addresses');
    expect(() => printResult({}, '0.2.0', '1.1.0')).toThrow('cannot convert: no valid IP addresses');
    expect(printResult({}, '0.2.0', '0.1.0')).toBe('{\n    "cniVersion": "0.2.0",\n    "dns": {}\n}');
  });

  it('leaves out what is empty, however the result says so', () => {
    const empty: Result = {
      interfaces: [],
      ips: [{ address: '10.1.2.3/24', gateway: '' }],
      routes: [{ dst: '0.0.0.0/0', gw: '', mtu: 0, advmss: 0, priority: 0, table: 0 }],
      dns: { nameservers: [], domain: '', search: [], options: [] },
    };
    expect(JSON.parse(printResult(empty, '1.1.0'))).toEqual({
      cniVersion: '1.1.0',
      ips: [{ address: '10.1.2.3/24' }],
      routes: [{ dst: '0.0.0.0/0', table: 0 }],
    });
    expect(JSON.parse(printResult(empty, '0.3.0'))).toEqual({
      cniVersion: '0.3.0',
      ips: [{ version: '4', address: '10.1.2.3/24' }],
      routes: [{ dst: '0.0.0.0/0', table: 0 }],
      dns: {},
    });
  });

  it('does not change the result', () => {
    const before = structuredClone(RESULT);
    for (const version of SPEC_VERSIONS) printResult(RESULT, version);
    expect(RESULT).toEqual(before);
  });
});

describe('printJson', () => {
  it('escapes what would be markup or a line end elsewhere', () => {
    const text = printJson({ '<k>': '<a> & "b" \\ \u2028\u2029\u007f\u0000\n' });
    expect(text).toBe(
      '{\n    "\\u003ck\\u003e": "\\u003ca\\u003e \\u0026 \\"b\\" \\\\ \\u2028\\u2029\u007f\\u0000\\n"\n}',
    );
    expect(JSON.parse(text)).toEqual({ '<k>': '<a> & "b" \\ \u2028\u2029\u007f\u0000\n' });
  });
});

describe('printError', () => {
  it('names version, code, message and details', () => {
    const error = new CniError(7, 'failed to open netns %!q(<nil>)', 'key "netns"');
    expect(printError(error, '0.4.0')).toBe(
      '{\n    "cniVersion": "0.4.0",\n    "code": 7,\n    "msg": "failed to open netns %!q(\\u003cnil\\u003e)",\n    "details": "key \\"netns\\""\n}',
    );
  });

  it('leaves out empty details', () => {
    expect(printError(new CniError(999, 'x'), '1.1.0')).toBe(
      '{\n    "cniVersion": "1.1.0",\n    "code": 999,\n    "msg": "x"\n}',
    );
  });
});

it('printVersions answers in one line', () => {
  expect(printVersions(['0.4.0', '1.0.0'])).toBe('{"cniVersion":"1.1.0","supportedVersions":["0.4.0","1.0.0"]}\n');
});
