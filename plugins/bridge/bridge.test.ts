import { describe, expect, test } from 'vitest';
import { ask } from '../../test/protocol/in-process.ts';
import { bridge } from './plugin.ts';

type Row = readonly [what: string, config: object, code: number, msg: string, details: RegExp, args?: string];

const IPAM = { ipam: { type: 'host-local' } };

describe('configurations that are refused before anything is done', () => {
  const rows: readonly Row[] = [
    [
      'a text for a number',
      { mtu: '1500' },
      7,
      'failed to load netconf: key "mtu": found string "1500", expected a whole number',
      /^$/,
    ],
    [
      'a number for a flag',
      { hairpinMode: 1 },
      7,
      'failed to load netconf: key "hairpinMode": found number 1, expected true or false',
      /^$/,
    ],
    [
      'a text for the IPAM section',
      { ipam: 'host-local' },
      7,
      'failed to load netconf: key "ipam": found string "host-local", expected an object',
      /^$/,
    ],
    [
      'no name for the bridge',
      { bridge: '' },
      7,
      'failed to create bridge "": could not add "": LinkAttrs.Name cannot be empty',
      /key "bridge".*"cni0"/,
    ],
    [
      'hairpin and promiscuous',
      { hairpinMode: true, promiscMode: true },
      7,
      'cannot set hairpin mode and promiscuous mode at the same time',
      /twice/,
    ],
    [
      'IPAM for a link that is down',
      { disableContainerInterface: true, ...IPAM },
      7,
      'cannot use IPAM when DisableContainerInterface flag is set',
      /disableContainerInterface/,
    ],
    [
      'a VLAN below all',
      { vlan: -1 },
      7,
      'invalid VLAN ID -1 (must be between 0 and 4094)',
      /key "vlan": found number -1/,
    ],
    [
      'a VLAN above all',
      { vlan: 4095 },
      7,
      'invalid VLAN ID 4095 (must be between 0 and 4094)',
      /key "vlan": found number 4095/,
    ],
    [
      'a trunk above all',
      { vlanTrunk: [{ id: 4095 }] },
      7,
      'incorrect trunk id parameter',
      /key "vlanTrunk\[0\]\.id": found number 4095, expected 1 to 4094/,
    ],
    ['a trunk from below all', { vlanTrunk: [{ minID: 0, maxID: 5 }] }, 7, 'incorrect trunk minID parameter', /minID/],
    ['a trunk to above all', { vlanTrunk: [{ minID: 1, maxID: 5000 }] }, 7, 'incorrect trunk maxID parameter', /maxID/],
    [
      'a trunk upside down',
      { vlanTrunk: [{ id: 7 }, { minID: 9, maxID: 5 }] },
      7,
      'minID is greater than maxID in trunk parameter',
      /vlanTrunk\[1\]\.minID.*at most maxID, 5/,
    ],
    [
      'a trunk without a beginning',
      { vlanTrunk: [{ maxID: 5 }] },
      7,
      'minID and maxID should be configured simultaneously, minID is missing',
      /vlanTrunk\[0\]\.minID/,
    ],
    [
      'a trunk without an end',
      { vlanTrunk: [{ minID: 5 }] },
      7,
      'minID and maxID should be configured simultaneously, maxID is missing',
      /vlanTrunk\[0\]\.maxID/,
    ],
    [
      'nothing where a trunk should be',
      { vlanTrunk: [null] },
      7,
      'failed to load netconf: key "vlanTrunk[0]": found null, expected an object',
      /^$/,
    ],
    [
      'an unknown masquerade',
      { ipMasq: true, ipMasqBackend: 'foo', ...IPAM },
      7,
      'unknown ipmasq backend "foo"',
      /"iptables", "nftables"/,
    ],
    [
      'a MAC that is none',
      { args: { cni: { mac: 'zz' } } },
      7,
      'failed to make veth pair: address zz: invalid MAC address',
      /key "args.cni.mac"/,
    ],
    [
      'a MAC of CNI_ARGS that is none',
      {},
      7,
      'failed to make veth pair: address zz: invalid MAC address',
      /CNI_ARGS MAC/,
      'MAC=zz',
    ],
    ['unknown arguments', {}, 4, 'ARGS: unknown args ["FOO=BAR"]', /IgnoreUnknown/, 'FOO=BAR'],
    [
      'a namespace that is gone',
      IPAM,
      999,
      'failed to open netns "/proc/no": failed to Statfs "/proc/no": no such file or directory',
      /^$/,
    ],
  ];
  test.each(rows.map((row) => [row[0], row] as const))('%s', async (_, [, config, code, msg, details, args = '']) => {
    const { exitCode, document } = await ask(bridge, 'ADD', config, { CNI_ARGS: args });
    expect(document).toMatchObject({ code, msg });
    expect(document['details'] ?? '').toMatch(details);
    expect(exitCode).toBe(1);
  });
});

describe('what is not used may say anything', () => {
  test.each<[string, object]>([
    ['a masquerade that is off', { ipMasqBackend: 'foo' }],
    [
      'a MAC that another one goes before',
      { args: { cni: { mac: 'zz' } }, runtimeConfig: { mac: '02:00:5e:10:00:01' } },
    ],
  ])('%s', async (_, config) => {
    const { document } = await ask(bridge, 'ADD', config);
    expect(document['msg']).toMatch(/^failed to open netns/);
  });
});

test.each(['02:00:5E:10:00:01', '02-00-5e-10-00-01', '0200.5e10.0001'])('a MAC can be written as %s', async (mac) => {
  const { document } = await ask(bridge, 'ADD', { args: { cni: { mac } } });
  expect(document['msg']).toMatch(/^failed to open netns/);
});

test('a slip of a key is named', async () => {
  const { stderr } = await ask(bridge, 'ADD', { isGatway: true, ipMask: true, ipam: { type: 'x', subnett: '' } });
  expect(stderr).toEqual([
    'bridge: unknown key "isGatway" is ignored; did you mean "isGateway"?',
    'bridge: unknown key "ipMask" is ignored; did you mean "ipMasq"?',
  ]);
});

test('CHECK without the result of ADD', async () => {
  const { document } = await ask(bridge, 'CHECK', {}, { CNI_NETNS: '/proc/self/ns/net' });
  expect(document).toMatchObject({ msg: 'Required prevResult missing' });
});

test('STATUS of a configuration that no ADD can succeed with', async () => {
  const { document } = await ask(bridge, 'STATUS', { vlan: 5000 });
  expect(document).toMatchObject({ code: 50, msg: 'plugin bridge is not available' });
  expect(document['details']).toContain('invalid VLAN ID 5000');
});
