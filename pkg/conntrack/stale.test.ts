import { describe, expect, test } from 'vitest';
import type { FlushedMapping } from './flush.ts';
import { type Flow, isStale, type Target, targetsOf } from './stale.ts';

const POD = { address: '10.1.0.2', port: 53 };
const isLocal = (address: string) => address === '192.0.2.1';

function mapping(change: Partial<FlushedMapping> = {}): FlushedMapping {
  return { protocol: 'udp', hostPort: 5353, container: POD, moment: 'added', ...change };
}

function flow(change: Partial<Flow> = {}): Flow {
  return { destination: '192.0.2.1', port: 5353, answeredBy: '10.1.0.2', answeredFrom: 53, ...change };
}

function onlyTarget(change: Partial<FlushedMapping>): Target {
  const [target] = targetsOf([mapping(change)]);
  if (target === undefined) throw new Error('the mapping was left out');
  return target;
}

describe('targetsOf', () => {
  test('addresses in one spelling', () => {
    const container = { address: 'FD00:0:0::2', port: 53 };
    expect(targetsOf([mapping({ container, hostIp: '2001:DB8:0::1' })])).toEqual([
      { ...mapping({ container: { address: 'fd00::2', port: 53 } }), hostIp: '2001:db8::1', family: 6 },
    ]);
  });

  test.each(['', '0.0.0.0'])('hostIp %j stands for all addresses', (hostIp) => {
    expect(targetsOf([mapping({ hostIp })])).toEqual([{ ...mapping(), family: 4 }]);
  });

  test.each(['::', '2001:db8::1'])(
    'hostIp %s is of another family than the container: no flow can be meant',
    (hostIp) => {
      expect(targetsOf([mapping({ hostIp })])).toEqual([]);
    },
  );

  test('what is no address at all', () => {
    expect(targetsOf([mapping({ container: { address: '10.1.0', port: 53 } })])).toEqual([]);
    expect(targetsOf([mapping({ hostIp: 'localhost' })])).toEqual([]);
  });
});

describe('a mapping that has come', () => {
  test.each<[string, boolean, Partial<Flow>]>([
    ['goes to the container already', false, {}],
    ['goes to another container', true, { answeredBy: '10.1.0.3' }],
    ['goes to another port of the container', true, { answeredFrom: 54 }],
    ['goes to the host itself', true, { answeredBy: '192.0.2.1', answeredFrom: 5353 }],
    ['goes to another port of the host', false, { port: 5354, answeredBy: '10.1.0.3' }],
    ['passes through to another machine', false, { destination: '192.0.2.9', answeredBy: '192.0.2.9' }],
    ['goes to a service', false, { destination: '10.96.0.10', answeredBy: '10.1.0.3' }],
  ])('what %s: stale %s', (_, stale, change) => {
    expect(isStale(onlyTarget({}), flow(change), isLocal)).toBe(stale);
  });

  test('for one address', () => {
    const target = onlyTarget({ hostIp: '192.0.2.7' });
    expect(isStale(target, flow({ answeredBy: '10.1.0.3' }), () => true)).toBe(false);
    expect(isStale(target, flow({ destination: '192.0.2.7', answeredBy: '10.1.0.3' }), () => true)).toBe(true);
    // Only what is sent to the host itself is ever translated by a mapping.
    expect(isStale(target, flow({ destination: '192.0.2.7', answeredBy: '10.1.0.3' }), () => false)).toBe(false);
  });
});

describe('a mapping that has gone', () => {
  test.each<[string, boolean, Partial<Flow>]>([
    ['goes to the container', true, {}],
    ['came to an address that the host has no more', true, { destination: '192.0.2.8' }],
    ['goes to another container', false, { answeredBy: '10.1.0.3' }],
    ['goes to another port of the container', false, { answeredFrom: 54 }],
    ['goes to another port of the host', false, { port: 5354 }],
    ['was sent to the container itself', false, { destination: '10.1.0.2' }],
  ])('what %s: stale %s', (_, stale, change) => {
    expect(isStale(onlyTarget({ moment: 'removed' }), flow(change), isLocal)).toBe(stale);
  });
});
