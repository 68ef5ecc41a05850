import { describe, expect, test } from 'vitest';
import { type Answer, ask } from '../../test/protocol/in-process.ts';
import { staticAddresses } from './plugin.ts';

/** Calls the plugin in this process; what it may say on stderr is not looked at. */
async function call(verb: string, config: object, args = ''): Promise<Omit<Answer, 'stderr'>> {
  const { exitCode, document } = await ask(staticAddresses, verb, config, { CNI_ARGS: args });
  return { exitCode, document };
}

const TEN = { address: '10.0.0.5/8', gateway: '10.0.0.1' };
const IPAM = { addresses: [TEN, { address: 'FD00::0005/64' }] };

describe('where addresses come from', () => {
  const rows: readonly (readonly [name: string, config: object, args: string, ips: readonly object[]])[] = [
    ['the configuration', { ipam: IPAM }, '', [TEN, { address: 'fd00::5/64' }]],
    ['no addresses at all', { ipam: {} }, '', []],
    [
      'CNI_ARGS besides, with the gateway of their network',
      { ipam: IPAM },
      'IP=10.9.0.7/8, fd01::7/64;GATEWAY=10.0.0.9,fd01::1',
      [
        TEN,
        { address: 'fd00::5/64' },
        { address: '10.9.0.7/8', gateway: '10.0.0.9' },
        { address: 'fd01::7/64', gateway: 'fd01::1' },
      ],
    ],
    [
      'args.cni instead',
      { ipam: IPAM, args: { cni: { ips: ['10.2.0.2/24'] } } },
      'IP=10.9.0.7/8',
      [{ address: '10.2.0.2/24' }],
    ],
    [
      'the runtime instead of all others',
      { ipam: IPAM, args: { cni: { ips: ['10.2.0.2/24'] } }, runtimeConfig: { ips: ['10.3.0.3/24'] } },
      '',
      [{ address: '10.3.0.3/24' }],
    ],
  ];

  test.each(rows)('%s', async (_name, config, args, ips) => {
    const { exitCode, document } = await call('ADD', config, args);
    expect(exitCode).toBe(0);
    expect(document['ips'] ?? []).toEqual(ips);
  });

  test('routes and resolver settings come with them', async () => {
    const routes = [{ dst: '10.0.0.5/8', mtu: 1400, scope: 253 }];
    const dns = { nameservers: ['1.1.1.1'], domain: 'a', search: ['b'], options: ['c'] };
    expect((await call('ADD', { ipam: { routes, dns } })).document).toEqual({ cniVersion: '1.1.0', routes, dns });
  });
});

describe('what is refused', () => {
  const rows: readonly (readonly [name: string, config: object, args: string, msg: string, code: number])[] = [
    ['no ipam', {}, '', "IPAM config missing 'ipam' key", 7],
    [
      'no prefix length',
      { ipam: { addresses: [{ address: '1.2.3.4' }] } },
      '',
      "the 'address' field is expected to be in CIDR notation, got: '1.2.3.4'",
      7,
    ],
    [
      'no address',
      { ipam: { addresses: [{}] } },
      '',
      "the 'address' field is expected to be in CIDR notation, got: ''",
      7,
    ],
    [
      'a gateway that is none',
      { ipam: { addresses: [{ address: '1.2.3.4/8', gateway: 'x' }] } },
      '',
      'invalid IP address: x',
      7,
    ],
    [
      'CNI_ARGS IP',
      { ipam: IPAM },
      'IP=1.2.3.4',
      "the 'ip' field is expected to be in CIDR notation, got: '1.2.3.4'",
      4,
    ],
    ['CNI_ARGS GATEWAY', { ipam: IPAM }, 'IP=1.2.3.4/24;GATEWAY=x', 'invalid gateway address: x', 4],
    [
      'args.cni',
      { ipam: IPAM, args: { cni: { ips: ['x'] } } },
      '',
      "an entry in the 'ips' field is NOT in CIDR notation, got: 'x'",
      7,
    ],
    [
      'two of a family',
      { cniVersion: '0.2.0', ipam: { addresses: [TEN, TEN] } },
      '',
      'CNI version 0.2.0 does not support more than 1 address per family',
      7,
    ],
    ['a route that is none', { ipam: { routes: [{ dst: 'x' }] } }, '', 'invalid CIDR address: x', 6],
  ];

  test.each(rows)('%s', async (_name, config, args, msg, code) => {
    const { exitCode, document } = await call('ADD', config, args);
    expect(exitCode).toBe(1);
    expect(document).toMatchObject({ msg, code });
    expect(document['details']).not.toBe('');
  });

  test('before an ADD is tried: STATUS', async () => {
    expect(await call('STATUS', { ipam: IPAM })).toMatchObject({ exitCode: 0 });
    expect((await call('STATUS', { ipam: { addresses: [{}] } })).document).toMatchObject({ code: 50 });
    expect((await call('STATUS', { ipam: { addresses: 'x' } })).document).toMatchObject({ code: 50 });
  });

  test('but never on DEL, which has nothing to do', async () => {
    for (const ipam of [undefined, 'x', { addresses: 'x' }, { addresses: [{ address: 'x' }] }]) {
      expect(await call('DEL', { ipam })).toEqual({ exitCode: 0, document: {} });
    }
  });
});

describe('CHECK', () => {
  const result = (ips: readonly object[]) => ({ ipam: IPAM, prevResult: { cniVersion: '1.1.0', ips } });

  test('needs the result of ADD', async () => {
    expect((await call('CHECK', { ipam: IPAM })).document).toMatchObject({ msg: 'Required prevResult missing' });
  });

  test('compares gateways of the addresses that both have', async () => {
    expect(await call('CHECK', result([TEN]))).toMatchObject({ exitCode: 0 });
    expect(await call('CHECK', result([{ address: '10.7.7.7/8' }]))).toMatchObject({ exitCode: 0 });
    expect((await call('CHECK', result([{ ...TEN, gateway: '10.0.0.2' }]))).document).toMatchObject({
      msg: 'static: Failed to match addr 10.0.0.5 on interface eth0',
    });
  });
});

test('DEL and GC have nothing to do', async () => {
  expect(await call('DEL', {})).toMatchObject({ exitCode: 0 });
  expect(await call('GC', { 'cni.dev/valid-attachments': [] })).toMatchObject({ exitCode: 0 });
});
