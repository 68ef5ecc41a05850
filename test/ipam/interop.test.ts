import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { referencePlugins } from '../../scripts/lib/reference.ts';
import { callPlugin, configOf, contentOf, leasesIn, OURS, type PluginCall, temporaryFolder } from './support.ts';

let reference: string;

beforeAll(async () => {
  reference = `${await referencePlugins()}/host-local`;
});

/** A configuration, and what else the calls carry. */
interface Setup {
  readonly name: string;
  readonly ipam: object;
  readonly more?: object;
  readonly args?: string;
}

const V4 = [{ subnet: '10.8.0.0/29' }];
const V6 = [{ subnet: 'fd00:8::/125' }];

const SETUPS: readonly Setup[] = [
  { name: 'IPv4', ipam: { ranges: [V4] } },
  { name: 'IPv6', ipam: { ranges: [V6] } },
  { name: 'dual stack', ipam: { ranges: [V4, V6] } },
  {
    name: 'legacy keys',
    ipam: { subnet: '10.8.0.0/28', rangeStart: '10.8.0.5', rangeEnd: '10.8.0.9', gateway: '10.8.0.7' },
  },
  {
    name: 'ends that are named',
    ipam: { ranges: [[{ subnet: '10.8.0.0/29', rangeStart: '10.8.0.0', rangeEnd: '10.8.0.7' }]] },
  },
  { name: 'a gateway elsewhere', ipam: { ranges: [[{ subnet: '10.8.0.0/29', gateway: '10.9.0.1' }]] } },
  {
    name: 'two ranges in a set',
    ipam: { ranges: [[{ subnet: '10.8.0.0/29', rangeStart: '10.8.0.4' }, { subnet: '10.8.1.0/30' }]] },
  },
  { name: 'three range sets', ipam: { ranges: [V4, [{ subnet: '10.8.2.0/29' }], V6] } },
  {
    name: 'ranges of the runtime',
    ipam: { ranges: [V4] },
    more: { runtimeConfig: { ipRanges: [[{ subnet: '10.8.9.0/29' }]] } },
  },
  { name: 'requested in CNI_ARGS', ipam: { ranges: [V4] }, args: 'IgnoreUnknown=1;IP=10.8.0.4' },
  { name: 'requested with prefix length', ipam: { ranges: [V4, V6] }, args: 'IP=10.8.0.4/24' },
  { name: 'requested in args.cni', ipam: { ranges: [V4] }, more: { args: { cni: { ips: ['10.8.0.5'] } } } },
  {
    name: 'requested by the runtime',
    ipam: { ranges: [V4, V6] },
    more: { runtimeConfig: { ips: ['fd00:8::4', '10.8.0.5'] } },
  },
  { name: 'requested in vain', ipam: { ranges: [V4] }, args: 'IP=10.8.7.7' },
  { name: 'requested gateway', ipam: { ranges: [V4, V6] }, args: 'IP=fd00:8::1' },
  {
    name: 'routes, keys in other letters, version 0.3.1',
    ipam: { RANGES: [V4], Routes: [{ Dst: '10.0.0.5/8' }, { dst: '0.0.0.0/0', GW: '10.8.0.1' }] },
    more: { cniVersion: '0.3.1' },
  },
  { name: 'version 0.2.0', ipam: { ranges: [V4, V6] }, more: { cniVersion: '0.2.0' } },
];

/** Fills the ranges, frees in the middle, goes on, asks twice, frees what is not there. */
const SEQUENCE: readonly PluginCall[] = [
  ...['a', 'b', 'c'].map((containerId) => ({ verb: 'ADD', containerId })),
  { verb: 'ADD', containerId: 'b' },
  { verb: 'ADD', containerId: 'b', ifName: 'net1' },
  { verb: 'DEL', containerId: 'b' },
  { verb: 'DEL', containerId: 'nobody' },
  ...['d', 'e', 'f', 'g', 'h'].map((containerId) => ({ verb: 'ADD', containerId })),
  { verb: 'DEL', containerId: 'a' },
  { verb: 'DEL', containerId: 'e' },
  ...['i', 'j', 'k'].map((containerId) => ({ verb: 'ADD', containerId })),
];

describe('the same sequence of calls', () => {
  test.each(SETUPS)('$name: same answers, same files', async ({ ipam, more, args = '' }) => {
    const [ours, theirs, mixed] = [temporaryFolder(), temporaryFolder(), temporaryFolder()];
    for (const [step, call] of SEQUENCE.entries()) {
      const expected = await callPlugin(reference, configOf(theirs, ipam, more), { ...call, args });
      const found = await callPlugin(OURS, configOf(ours, ipam, more), { ...call, args });
      const turn = await callPlugin(step % 2 === 0 ? OURS : reference, configOf(mixed, ipam, more), { ...call, args });
      for (const outcome of [found, turn]) {
        expect(outcome.exitCode, `step ${step}`).toBe(expected.exitCode);
        if (expected.exitCode === 0) expect(outcome.document).toEqual(expected.document);
        else expect(outcome.document?.msg).toBe(expected.document?.msg);
      }
      const files = contentOf(theirs);
      expect(contentOf(ours), `step ${step}`).toEqual(files);
      expect(contentOf(mixed), `step ${step}, in turn`).toEqual(files);
    }
  });
});

describe('what one adds, the other checks and removes', () => {
  const directions = [
    { direction: 'reference to ours', byOurs: false },
    { direction: 'ours to reference', byOurs: true },
  ];
  const usable = SETUPS.filter(({ name }) => !/0\.\d/.test(name));
  test.each(directions.flatMap((direction) => usable.map((setup) => ({ ...direction, ...setup }))))(
    '$direction: $name',
    async ({ byOurs, ipam, more, args = '' }) => {
      const dataDir = temporaryFolder();
      const [first, second] = byOurs ? [OURS, reference] : [reference, OURS];
      const config = configOf(dataDir, ipam, more);
      const added = await callPlugin(first, config, { verb: 'ADD', args });
      if (added.exitCode !== 0) {
        expect(leasesIn(dataDir)).toEqual({});
        return;
      }
      const withResult = configOf(dataDir, ipam, { ...more, prevResult: added.document });
      for (const plugin of [second, first, second]) {
        expect(await callPlugin(plugin, withResult, { verb: 'CHECK', args })).toMatchObject({ exitCode: 0 });
      }
      expect(await callPlugin(second, config, { verb: 'DEL', args })).toMatchObject({ exitCode: 0 });
      expect(leasesIn(dataDir)).toEqual({});
      for (const plugin of [first, second]) {
        const checked = await callPlugin(plugin, withResult, { verb: 'CHECK', args });
        expect(checked.document?.msg).toBe('host-local: Failed to find address added by container c1');
      }
    },
  );

  test.each([true, false])('legacy one-line leases are found, refused twice and removed; ours: %s', async (isOurs) => {
    const dataDir = temporaryFolder();
    const plugin = isOurs ? OURS : reference;
    const config = configOf(dataDir, { ranges: [V4] });
    mkdirSync(join(dataDir, 'net'));
    writeFileSync(join(dataDir, 'net/10.8.0.3'), 'old\n');
    expect((await callPlugin(plugin, config, { verb: 'ADD', containerId: 'old' })).document?.msg).toBe(
      'failed to allocate for range 0: 10.8.0.3 has been allocated to old, duplicate allocation is not allowed',
    );
    expect(await callPlugin(plugin, config, { verb: 'CHECK', containerId: 'old' })).toMatchObject({ exitCode: 0 });
    expect(await callPlugin(plugin, config, { verb: 'DEL', containerId: 'old' })).toMatchObject({ exitCode: 0 });
    expect(leasesIn(dataDir)).toEqual({});
  });

  test('a DEL removes matching files in folders below, as the reference does', async () => {
    for (const plugin of [OURS, reference]) {
      const dataDir = temporaryFolder();
      const config = configOf(dataDir, { ranges: [V4] });
      await callPlugin(plugin, config, { verb: 'ADD', containerId: 'a' });
      mkdirSync(join(dataDir, 'net/below'));
      writeFileSync(join(dataDir, 'net/below/10.8.0.5'), 'x\r\neth0');
      expect(await callPlugin(plugin, config, { verb: 'DEL', containerId: 'x' })).toMatchObject({ exitCode: 0 });
      expect(() => writeFileSync(join(dataDir, 'net/below/10.8.0.5'), '', { flag: 'wx' })).not.toThrow();
    }
  });
});
