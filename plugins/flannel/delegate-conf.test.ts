import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DUAL_ENV, flannelHost, IPV4_ENV } from '../../test/protocol/flannel-in-process.ts';

const IPV6_ENV = `FLANNEL_IPV6_NETWORK=fd00:10:244::/56
FLANNEL_IPV6_SUBNET=fd00:10:244:1::1/64
FLANNEL_MTU=1430
FLANNEL_IPMASQ=false
`;

const RANGES4 = '"ranges":[[{"subnet":"10.244.1.0/24"}]]';
const ROUTES4 = '"routes":[{"dst":"10.244.0.0/16"}]';
const IPAM4 = `"ipam":{${RANGES4},${ROUTES4},"type":"host-local"}`;

/** What is configured, what flanneld says, and what the delegate is told and the file has, to the letter. */
const ROWS: readonly (readonly [title: string, conf: object, env: string, stored: string])[] = [
  [
    'what every guide installs',
    { delegate: { hairpinMode: true, isDefaultGateway: true } },
    IPV4_ENV,
    `{"cniVersion":"0.3.1","hairpinMode":true,"ipMasq":false,${IPAM4},"isDefaultGateway":true,"isGateway":true,"mtu":1450,"name":"cbr0","type":"bridge"}`,
  ],
  [
    'a lease folder of its own',
    { delegate: { hairpinMode: true, isDefaultGateway: true }, ipam: { dataDir: '/x' } },
    IPV4_ENV,
    `{"cniVersion":"0.3.1","hairpinMode":true,"ipMasq":false,"ipam":{"dataDir":"/x",${RANGES4},${ROUTES4},"type":"host-local"},"isDefaultGateway":true,"isGateway":true,"mtu":1450,"name":"cbr0","type":"bridge"}`,
  ],
  [
    'no delegate at all',
    {},
    IPV4_ENV,
    `{"cniVersion":"0.3.1","ipMasq":false,${IPAM4},"isGateway":true,"mtu":1450,"name":"cbr0","type":"bridge"}`,
  ],
  [
    'IPv6 alone, and flanneld does not masquerade',
    {},
    IPV6_ENV,
    '{"cniVersion":"0.3.1","ipMasq":true,"ipam":{"ranges":[[{"subnet":"fd00:10:244:1::/64"}]],"routes":[{"dst":"fd00:10:244::/56"}],"type":"host-local"},"isGateway":true,"mtu":1430,"name":"cbr0","type":"bridge"}',
  ],
  [
    'both families',
    {},
    DUAL_ENV,
    '{"cniVersion":"0.3.1","ipMasq":false,"ipam":{"ranges":[[{"subnet":"10.244.1.0/24"}],[{"subnet":"fd00:10:244:1::/64"}]],"routes":[{"dst":"10.244.0.0/16"},{"dst":"fd00:10:244::/56"}],"type":"host-local"},"isGateway":true,"mtu":1450,"name":"cbr0","type":"bridge"}',
  ],
  [
    'several networks, host bits, one of them twice',
    {},
    IPV4_ENV.replace('10.244.0.0/16', '10.244.3.4/16,10.245.0.0/16,10.244.0.0/16'),
    `{"cniVersion":"0.3.1","ipMasq":false,"ipam":{${RANGES4},"routes":[{"dst":"10.244.0.0/16"},{"dst":"10.245.0.0/16"}],"type":"host-local"},"isGateway":true,"mtu":1450,"name":"cbr0","type":"bridge"}`,
  ],
  [
    'another version',
    { cniVersion: '1.1.0' },
    IPV4_ENV,
    `{"cniVersion":"1.1.0","ipMasq":false,${IPAM4},"isGateway":true,"mtu":1450,"name":"cbr0","type":"bridge"}`,
  ],
  [
    'no version',
    { cniVersion: '' },
    IPV4_ENV,
    `{"ipMasq":false,${IPAM4},"isGateway":true,"mtu":1450,"name":"cbr0","type":"bridge"}`,
  ],
  [
    'the version that a delegate is given without one of the network',
    { cniVersion: '', delegate: { cniVersion: '0.1.0' } },
    IPV4_ENV,
    `{"cniVersion":"0.1.0","ipMasq":false,${IPAM4},"isGateway":true,"mtu":1450,"name":"cbr0","type":"bridge"}`,
  ],
  [
    'the version of the network counts more than the delegate’s',
    { delegate: { cniVersion: '0.1.0' } },
    IPV4_ENV,
    `{"cniVersion":"0.3.1","ipMasq":false,${IPAM4},"isGateway":true,"mtu":1450,"name":"cbr0","type":"bridge"}`,
  ],
  [
    'values that the delegate has already',
    { delegate: { ipMasq: true, mtu: 1300, isGateway: false, bridge: 'br9', forceAddress: true } },
    IPV4_ENV,
    `{"bridge":"br9","cniVersion":"0.3.1","forceAddress":true,"ipMasq":true,${IPAM4},"isGateway":false,"mtu":1300,"name":"cbr0","type":"bridge"}`,
  ],
  [
    'a null is a value',
    { delegate: { mtu: null, ipMasq: null, isGateway: null } },
    IPV4_ENV,
    `{"cniVersion":"0.3.1","ipMasq":null,${IPAM4},"isGateway":null,"mtu":null,"name":"cbr0","type":"bridge"}`,
  ],
  [
    'keys of the delegate in another letter case are its own',
    { delegate: { MTU: 1200, Type: 'x' } },
    IPV4_ENV,
    `{"MTU":1200,"Type":"x","cniVersion":"0.3.1","ipMasq":false,${IPAM4},"isGateway":true,"mtu":1450,"name":"cbr0","type":"bridge"}`,
  ],
  [
    'macvlan is no gateway, and has the MTU all the same',
    { delegate: { type: 'macvlan', master: 'eth1', mode: 'bridge' } },
    IPV4_ENV,
    `{"cniVersion":"0.3.1","ipMasq":false,${IPAM4},"master":"eth1","mode":"bridge","mtu":1450,"name":"cbr0","type":"macvlan"}`,
  ],
  [
    'ipvlan',
    { delegate: { type: 'ipvlan', master: 'eth1' } },
    IPV4_ENV.replace('IPMASQ=true', 'IPMASQ=no'),
    `{"cniVersion":"0.3.1","ipMasq":true,${IPAM4},"master":"eth1","mtu":1450,"name":"cbr0","type":"ipvlan"}`,
  ],
  [
    'ptp',
    { delegate: { type: 'ptp' } },
    IPV4_ENV,
    `{"cniVersion":"0.3.1","ipMasq":false,${IPAM4},"mtu":1450,"name":"cbr0","type":"ptp"}`,
  ],
  [
    'another IPAM plugin, and keys that nobody here knows',
    { ipam: { type: 'whereabouts', 'unknown-param': { b: [1, 2], a: 'x' }, rangeStart: '10.244.1.9' } },
    IPV4_ENV,
    `{"cniVersion":"0.3.1","ipMasq":false,"ipam":{"rangeStart":"10.244.1.9",${RANGES4},${ROUTES4},"type":"whereabouts","unknown-param":{"a":"x","b":[1,2]}},"isGateway":true,"mtu":1450,"name":"cbr0","type":"bridge"}`,
  ],
  [
    'ranges of the configuration are replaced',
    { ipam: { ranges: [[{ subnet: '10.9.0.0/24' }]], subnet: '10.8.0.0/24' } },
    IPV4_ENV,
    `{"cniVersion":"0.3.1","ipMasq":false,"ipam":{${RANGES4},${ROUTES4},"subnet":"10.8.0.0/24","type":"host-local"},"isGateway":true,"mtu":1450,"name":"cbr0","type":"bridge"}`,
  ],
  [
    'routes of the configuration come first, with the keys that a route has, in its order',
    {
      ipam: {
        routes: [
          { scope: 0, table: 100, priority: 5, advmss: 1400, mtu: 1300, gw: '10.244.1.9', dst: '10.0.0.5/8', other: 1 },
          { dst: '0.0.0.0/0', mtu: 0, gw: '' },
          { DST: 'FD00::/8' },
        ],
      },
    },
    IPV4_ENV,
    `{"cniVersion":"0.3.1","ipMasq":false,"ipam":{${RANGES4},"routes":[{"dst":"10.0.0.5/8","gw":"10.244.1.9","mtu":1300,"advmss":1400,"priority":5,"table":100,"scope":0},{"dst":"0.0.0.0/0"},{"dst":"fd00::/8"},{"dst":"10.244.0.0/16"}],"type":"host-local"},"isGateway":true,"mtu":1450,"name":"cbr0","type":"bridge"}`,
  ],
  [
    'no list of routes',
    { ipam: { routes: null } },
    IPV4_ENV,
    `{"cniVersion":"0.3.1","ipMasq":false,${IPAM4},"isGateway":true,"mtu":1450,"name":"cbr0","type":"bridge"}`,
  ],
  [
    'what the runtime asks for is passed on whole',
    {
      runtimeConfig: { mac: '02:00:00:00:00:07', ips: ['10.244.1.7'], bandwidth: { ingressRate: 1 } },
      delegate: { runtimeConfig: 1 },
    },
    IPV4_ENV,
    `{"cniVersion":"0.3.1","ipMasq":false,${IPAM4},"isGateway":true,"mtu":1450,"name":"cbr0","runtimeConfig":{"bandwidth":{"ingressRate":1},"ips":["10.244.1.7"],"mac":"02:00:00:00:00:07"},"type":"bridge"}`,
  ],
  [
    'what belongs to the entry of flannel is not passed on',
    { prevResult: { cniVersion: '0.3.1' }, args: { cni: {} }, dns: { domain: 'x' }, capabilities: { mac: true } },
    IPV4_ENV,
    `{"cniVersion":"0.3.1","ipMasq":false,${IPAM4},"isGateway":true,"mtu":1450,"name":"cbr0","type":"bridge"}`,
  ],
  [
    'keys of flannel in any letter case',
    { Delegate: { hairpinMode: true }, IPAM: { dataDir: '/y' }, RuntimeConfig: {} },
    IPV4_ENV,
    `{"cniVersion":"0.3.1","hairpinMode":true,"ipMasq":false,"ipam":{"dataDir":"/y",${RANGES4},${ROUTES4},"type":"host-local"},"isGateway":true,"mtu":1450,"name":"cbr0","runtimeConfig":{},"type":"bridge"}`,
  ],
  [
    'letters that are escaped, keys in the order of their letters',
    { delegate: { '10': 1, '9': 2, text: '<a&b>\u2028', __proto__x: { z: 1, y: [] } } },
    IPV4_ENV,
    `{"10":1,"9":2,"__proto__x":{"y":[],"z":1},"cniVersion":"0.3.1","ipMasq":false,${IPAM4},"isGateway":true,"mtu":1450,"name":"cbr0","text":"\\u003ca\\u0026b\\u003e\\u2028","type":"bridge"}`,
  ],
];

test.each(ROWS)('%s', async (_, conf, env, expected) => {
  const host = flannelHost(env);
  const { exitCode, requests, stderr, document } = await host.call('ADD', conf);
  expect(document['msg']).toBeUndefined();
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: [] });
  expect(requests.map(({ config }) => config)).toEqual([expected]);
  expect(host.stored()).toBe(expected);
});

test('the file is the owner’s alone, and so is its folder', async () => {
  const host = flannelHost(IPV4_ENV);
  await host.call('ADD', { dataDir: join(host.folder, 'a/b') });
  expect(statSync(join(host.folder, 'a/b')).mode & 0o777).toBe(0o700);
  expect(statSync(join(host.folder, 'a')).mode & 0o777).toBe(0o700);
  expect(statSync(join(host.folder, 'a/b/c1')).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(host.folder, 'a/b/c1'), 'utf8')).toContain('"name":"cbr0"');
});

describe('configurations that are refused before anything is done', () => {
  test.each([
    [{ delegate: { type: 5 } }, "'delegate' dictionary, if present, must have (string) 'type' field", /delegate\.type/],
    [{ delegate: { type: null } }, "'delegate' dictionary, if present, must have (string) 'type' field", /null/],
    [
      { delegate: { name: 'x' } },
      "'delegate' dictionary must not have 'name' field, it'll be set by flannel",
      /key "delegate\.name": found string "x", expected no such key/,
    ],
    [
      { delegate: { ipam: {} } },
      "'delegate' dictionary must not have 'ipam' field, it'll be set by flannel",
      /"ipam" stands beside "delegate"/,
    ],
    [
      { ipam: { routes: [{ dst: '10.0.0.0' }] } },
      'failed to assemble Delegate IPAM: failed to read IPAM routes: failed to parse ipam.routes: invalid CIDR address: 10.0.0.0',
      /ipam\.routes\[0\]\.dst/,
    ],
    [
      { delegate: 5 },
      'failed to load flannel netconf file: failed to load netconf: key "delegate": found number 5, expected an object',
      /^$/,
    ],
  ])('%j', async (conf, msg, details) => {
    const host = flannelHost(IPV4_ENV);
    const { document, requests } = await host.call('ADD', conf);
    expect(document).toMatchObject({ code: 7, msg });
    expect(String(document['details'] ?? '')).toMatch(details);
    expect(requests).toEqual([]);
    expect(() => statSync(host.dataDir)).toThrow('no such file');
  });
});
