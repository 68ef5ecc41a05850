import { describe, expect, test } from 'vitest';
import { burstTicks } from '../../pkg/rtnl/tc/qdisc-change.ts';
import { bucketOf, type Limit, limitsOf } from './settings.ts';
import { ifbName } from './shaping.ts';

const BOTH = { ingressRate: 8_000_000, ingressBurst: 800_000, egressRate: 16_000_000, egressBurst: 400_000 };

describe('which rates count', () => {
  test('each direction by itself', () => {
    expect(limitsOf(BOTH)).toEqual({
      ingress: { rate: 8_000_000, burst: 800_000, burstMs: undefined, latencyMs: 25 },
      egress: { rate: 16_000_000, burst: 400_000, burstMs: undefined, latencyMs: 25 },
    });
    expect(Object.keys(limitsOf({ egressRate: 8000, egressBurst: 8000 }))).toEqual(['egress']);
  });

  test('the runtime’s only when the configuration has none at all', () => {
    const runtimeConfig = { bandwidth: BOTH };
    expect(limitsOf({ runtimeConfig })).toEqual(limitsOf(BOTH));
    expect(limitsOf({ egressRate: 0, runtimeConfig })).toEqual({});
    expect(limitsOf({ latencyMs: 5, runtimeConfig }).ingress?.latencyMs).toBe(5);
  });

  test.each([{}, { runtimeConfig: {} }, { ingressRate: 0, ingressBurst: 0, egressRate: 0 }])('none: %j', (conf) => {
    expect(limitsOf(conf)).toEqual({});
  });
});

test.each([
  [{ ingressRate: 8000 }, 'if rate is set, burst must also be set', 'ingressRate'],
  [{ egressBurst: 8000 }, 'if burst is set, rate must also be set', 'egressBurst'],
  [{ runtimeConfig: { bandwidth: { egressRate: 8000 } } }, 'if rate is set', 'runtimeConfig.bandwidth.egressRate'],
  [{ ingressRate: 8000, ingressBurst: 34_359_738_360 }, 'burst cannot be more than 4GB', 'ingressBurst'],
  [{ ingressRate: -1, ingressBurst: 8000 }, 'invalid rate -1', 'ingressRate'],
  [{ egressRate: 8000, egressBurst: 7 }, 'invalid burst 7', 'egressBurst'],
  [{ burstMs: 0 }, 'invalid burstMs 0', 'burstMs'],
  [{ latencyMs: -5 }, 'invalid latencyMs -5', 'latencyMs'],
])('refuses %j', (conf, message, key) => {
  expect(() => limitsOf(conf)).toThrow(
    expect.objectContaining({
      code: 7,
      message: expect.stringContaining(message),
      details: expect.stringContaining(`key "${key}"`),
    }),
  );
});

describe('what the kernel is told', () => {
  const limit: Limit = { rate: 8_000_000, burst: 800_000, burstMs: undefined, latencyMs: 25 };

  test('bytes, and a queue of 25 ms behind the burst', () => {
    expect(bucketOf(limit, 1500)).toEqual({ rate: 1_000_000, burst: 100_000, limit: 125_000 });
    expect(bucketOf({ ...limit, latencyMs: 5 }, 1500).limit).toBe(105_000);
  });

  test('burstMs shortens bursts, stands in for them, and leaves room for two packets', () => {
    expect(bucketOf({ ...limit, burstMs: 50 }, 1500).burst).toBe(50_000);
    expect(bucketOf({ ...limit, burstMs: 500 }, 1500).burst).toBe(100_000);
    expect(bucketOf({ ...limit, burst: 0, burstMs: 50 }, 1500).burst).toBe(50_000);
    expect(bucketOf({ ...limit, rate: 8000, burst: 0, burstMs: 50 }, 9000).burst).toBe(18_028);
  });

  test('a burst as the time that it takes', () => {
    expect(burstTicks(1_000_000, 100_000)).toBe(1_562_500);
    // Whole microseconds.
    expect(burstTicks(3_000_000, 1_000)).toBe(Math.trunc(333 * 15.625));
    // containerd's burst at 10 Mbit/s: the low bits, as the reference has it.
    expect(burstTicks(1_250_000, 536_870_911)).toBe(0x8fffffe7);
    // Where next to nothing would be left: all that the number can have.
    expect(burstTicks(1_953_124, 536_870_911)).toBe(0xffff_ffff);
  });
});

test('the link has the reference’s name', () => {
  expect(ifbName('bt', 'x')).toBe('bwp7c1f184adecf');
});
