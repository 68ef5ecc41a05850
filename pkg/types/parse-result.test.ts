import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { CniError } from './error.ts';
import { parseResult, readDnsInstead } from './parse-result.ts';

/** Parsed from text, as it comes from outside: `__proto__` is an ordinary key there. */
function parseText(text: string, version = '1.1.0') {
  return parseResult(JSON.parse(text), version, version);
}

describe('the family of versions', () => {
  test.each([
    ['0.1.0', '0.2.0'],
    ['0.2.0', ''],
    ['', '0.1.0'],
    ['0.3.0', '0.4.0'],
    ['0.4.0', '0.3.1'],
    ['1.0.0', '1.1.0'],
    ['1.1.0', '1.0.0'],
  ])('%s reads a document of %j', (version, cniVersion) => {
    expect(parseResult({ cniVersion }, version)).toEqual({});
  });

  test.each([
    ['0.4.0', '"1.0.0"', 'result type supports [0.3.0 0.3.1 0.4.0] but unmarshalled CNIVersion is "1.0.0"'],
    ['1.0.0', '""', 'result type supports [1.0.0 1.1.0] but unmarshalled CNIVersion is ""'],
    ['1.1.0', 'null', 'result type supports [1.0.0 1.1.0] but unmarshalled CNIVersion is ""'],
    ['0.2.0', '"0.3.0"', 'result type supports [ 0.1.0 0.2.0] but unmarshalled CNIVersion is "0.3.0"'],
    ['1.1.0', '"a\\"b"', 'result type supports [1.0.0 1.1.0] but unmarshalled CNIVersion is "a\\"b"'],
  ])('%s refuses a document of %s', (version, cniVersion, message) => {
    expect(() => parseResult(JSON.parse(`{"cniVersion":${cniVersion}}`), version)).toThrow(
      expect.objectContaining({ code: 6, message }),
    );
  });

  it('refuses unknown versions', () => {
    expect(() => parseResult({}, '0.9.0')).toThrow(
      expect.objectContaining({ code: 1, message: 'unsupported CNI result version "0.9.0"' }),
    );
  });
});

describe('keys', () => {
  test.each([
    ['in another case', '{"IPS":[{"Address":"10.1.2.3/24","GATEWAY":"10.1.2.1"}]}', '10.1.2.3/24', '10.1.2.1'],
    ['exact before others', '{"ips":[{"address":"10.1.2.3/24","Address":"10.9.9.9/8"}]}', '10.1.2.3/24', undefined],
    ['exact after others', '{"ips":[{"Address":"10.9.9.9/8","address":"10.1.2.3/24"}]}', '10.1.2.3/24', undefined],
    ['the last of others', '{"ips":[{"ADDRESS":"10.9.9.9/8","Address":"10.1.2.3/24"}]}', '10.1.2.3/24', undefined],
    ['the last of the same', '{"ips":[{"address":"10.9.9.9/8","address":"10.1.2.3/24"}]}', '10.1.2.3/24', undefined],
    ['unknown ones', '{"x":{"y":[]},"ips":[{"address":"10.1.2.3/24","addres":1}]}', '10.1.2.3/24', undefined],
    ['null', '{"routes":null,"ips":[{"address":"10.1.2.3/24","gateway":null}]}', '10.1.2.3/24', undefined],
    ['empty gateway', '{"ips":[{"address":"10.1.2.3/24","gateway":""}]}', '10.1.2.3/24', undefined],
  ])('%s', (_, text, address, gateway) => {
    expect(parseText(text)).toEqual({ ips: [{ address, ...(gateway && { gateway }) }] });
  });

  it('never reach a prototype', () => {
    const text =
      '{"__proto__":{"ips":[]},"constructor":1,"dns":{"__proto__":{"domain":"evil"}},"interfaces":[{"__proto__":{"name":"x"}}]}';
    const result = parseText(text);
    expect(result).toEqual({ interfaces: [{ name: '' }] });
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)['domain']).toBeUndefined();
  });

  it('are not taken from a prototype', () => {
    expect(parseResult(Object.create({ ips: [{ address: '10.1.2.3/24' }] }), '1.1.0', '1.1.0')).toEqual({});
  });
});

describe('values', () => {
  it('become canonical', () => {
    const text =
      '{"ips":[{"address":"::ffff:10.1.2.3/120","gateway":"FD00:0::1","interface":-1}],"routes":[{"dst":"10.0.0.5/8","gw":"::ffff:1.2.3.4","table":0,"scope":0,"mtu":0}],"dns":{"search":[""],"domain":""}}';
    expect(parseText(text)).toEqual({
      ips: [{ address: '10.1.2.3/24', gateway: 'fd00::1', interface: -1 }],
      routes: [{ dst: '10.0.0.5/8', gw: '1.2.3.4', table: 0, scope: 0 }],
      dns: { search: [''] },
    });
  });

  it('of one address per family become a list, IPv4 first, route extras kept', () => {
    const text =
      '{"ip6":{"ip":"fd00::5/64","routes":[{"dst":"::/0","mtu":1400}]},"ip4":{"ip":"10.1.2.3/24","gateway":"10.1.2.1","routes":[{"dst":"0.0.0.0/0"}]}}';
    expect(parseText(text, '0.2.0')).toEqual({
      ips: [{ address: '10.1.2.3/24', gateway: '10.1.2.1' }, { address: 'fd00::5/64' }],
      routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0', mtu: 1400 }],
    });
  });
});

const PREFIX = 'expected an IP address with prefix length such as "10.1.2.3/24" or "fd00::3/64"';
const ADDRESS = 'expected an IP address such as "10.1.2.1" or "fd00::1"';

describe('wrong values', () => {
  test.each([
    ['1.1.0', '[]', 'cannot unmarshal array into document', 'document: found array of length 0, expected an object'],
    ['1.1.0', '"x"', 'cannot unmarshal string into document', 'document: found string "x", expected an object'],
    [
      '1.1.0',
      '{"cniVersion":1}',
      'cannot unmarshal number into cniVersion',
      'cniVersion: found number 1, expected a string',
    ],
    [
      '1.1.0',
      '{"ips":{}}',
      'cannot unmarshal object into ips',
      'ips: found empty object, expected a list of address objects',
    ],
    [
      '1.1.0',
      '{"ips":[null]}',
      'cannot unmarshal null into ips[0]',
      'ips[0]: found null, expected nothing but address objects in the list',
    ],
    ['1.1.0', '{"ips":["x"]}', 'cannot unmarshal string into ips[0]', 'ips[0]: found string "x", expected an object'],
    ['1.1.0', '{"ips":[{}]}', 'invalid CIDR address: ', `ips[0].address: found nothing, ${PREFIX}`],
    ['1.1.0', '{"ips":[{"address":null}]}', 'invalid CIDR address: ', `ips[0].address: found nothing, ${PREFIX}`],
    [
      '1.1.0',
      '{"ips":[{"address":"10.1.1"}]}',
      'invalid CIDR address: 10.1.1',
      `ips[0].address: found string "10.1.1", ${PREFIX}`,
    ],
    [
      '1.1.0',
      '{"ips":[{"address":5}]}',
      'cannot unmarshal number into ips[0].address',
      'ips[0].address: found number 5, expected a string',
    ],
    [
      '1.1.0',
      '{"ips":[{"address":"10.1.2.3/24"},{"address":"::1/64","gateway":"x"}]}',
      'invalid IP address: x',
      `ips[1].gateway: found string "x", ${ADDRESS}`,
    ],
    [
      '1.1.0',
      '{"ips":[{"address":"10.1.2.3/24","interface":"0"}]}',
      'cannot unmarshal string into ips[0].interface',
      'ips[0].interface: found string "0", expected a whole number',
    ],
    [
      '1.1.0',
      '{"ips":[{"address":"10.1.2.3/24","interface":1.5}]}',
      'cannot unmarshal number into ips[0].interface',
      'ips[0].interface: found number 1.5, expected a whole number',
    ],
    [
      '1.1.0',
      '{"interfaces":[{"mtu":true}]}',
      'cannot unmarshal bool into interfaces[0].mtu',
      'interfaces[0].mtu: found bool true, expected a whole number',
    ],
    [
      '1.1.0',
      '{"interfaces":[{"name":"a"},{"mac":[1]}]}',
      'cannot unmarshal array into interfaces[1].mac',
      'interfaces[1].mac: found array of length 1, expected a string',
    ],
    [
      '1.1.0',
      '{"routes":[{"dst":"10.0.0.0"}]}',
      'invalid CIDR address: 10.0.0.0',
      `routes[0].dst: found string "10.0.0.0", ${PREFIX}`,
    ],
    [
      '1.1.0',
      '{"routes":[{"dst":"10.0.0.0/8","table":1e300}]}',
      'cannot unmarshal number into routes[0].table',
      'routes[0].table: found number 1e+300, expected a whole number',
    ],
    ['1.1.0', '{"dns":[]}', 'cannot unmarshal array into dns', 'dns: found array of length 0, expected an object'],
    [
      '1.1.0',
      '{"dns":{"search":"a"}}',
      'cannot unmarshal string into dns.search',
      'dns.search: found string "a", expected a list of strings',
    ],
    [
      '1.1.0',
      '{"dns":{"search":["a",null]}}',
      'cannot unmarshal null into dns.search[1]',
      'dns.search[1]: found null, expected nothing but strings in the list',
    ],
    [
      '0.4.0',
      '{"ips":[{"version":4,"address":"10.1.2.3/24"}]}',
      'cannot unmarshal number into ips[0].version',
      'ips[0].version: found number 4, expected a string',
    ],
    ['0.2.0', '{"ip4":[]}', 'cannot unmarshal array into ip4', 'ip4: found array of length 0, expected an object'],
    ['0.2.0', '{"ip6":{"ip":"fd00::1"}}', 'invalid CIDR address: fd00::1', `ip6.ip: found string "fd00::1", ${PREFIX}`],
    [
      '0.2.0',
      '{"ip4":{"ip":"10.1.2.3/24","routes":[{"dst":"0.0.0.0/0","gw":"y"}]}}',
      'invalid IP address: y',
      `ip4.routes[0].gw: found string "y", ${ADDRESS}`,
    ],
  ])('%s %s', (version, text, message, details) => {
    expect(() => parseText(text, version)).toThrow(expect.objectContaining({ code: 6, message, details }));
  });

  it('are shortened in the message', () => {
    for (const wrong of [
      'x'.repeat(1e6),
      Array(1e5).fill(0),
      Object.fromEntries(
        Array(1e4)
          .fill(0)
          .map((_, i) => [`k${i}`, i]),
      ),
    ]) {
      try {
        parseResult({ ips: [{ address: wrong }] }, '1.1.0', '1.1.0');
        expect.unreachable();
      } catch (error) {
        expect(String(error).length).toBeLessThan(400);
      }
    }
  });
});

it('reads huge documents in linear time', () => {
  const keys = Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [`key${index}`, index]));
  const routes = Array.from({ length: 200_000 }, () => ({ dst: '10.0.0.0/8' }));
  const deep = JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`);
  const started = performance.now();
  expect(parseResult({ cniVersion: '1.1.0', ...keys, routes, deep }, '1.1.0').routes).toHaveLength(200_000);
  expect(parseResult({ ip4: { ip: '10.1.2.3/24', routes } }, '0.2.0').routes).toHaveLength(200_000);
  expect(performance.now() - started).toBeLessThan(10_000);
});

it('throws nothing but CniError, whatever the document', () => {
  const key = fc.constantFrom(
    'cniVersion',
    'interfaces',
    'IPS',
    'ips',
    'ip4',
    'ip',
    'routes',
    'dns',
    'address',
    'dst',
    '__proto__',
  );
  const { document } = fc.letrec((tie) => ({
    document: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, true, 0, 1.5, '', '1.1.0', '0.4.0', '0.2.0', '10.1.2.3/24'),
      fc.array(tie('document'), { maxLength: 3 }),
      fc.dictionary(key, tie('document')),
    ),
  }));
  fc.assert(
    fc.property(document, fc.constantFrom('', '0.2.0', '0.4.0', '1.1.0'), (value, version) => {
      try {
        parseResult(value, version, version);
      } catch (error) {
        expect(error).toBeInstanceOf(CniError);
      }
    }),
    { numRuns: 1000 },
  );
});

test.each([
  ['{"nameservers":[],"search":[],"options":[]}', {}],
  ['{"options":[]}', {}],
  ['{"search":[],"domain":"a"}', { domain: 'a' }],
  ['{"domain":""}', undefined],
  ['{}', undefined],
])('resolver settings %s count instead of others: %o', (text, expected) => {
  expect(readDnsInstead(JSON.parse(text), 'dns')).toEqual(expected);
});
