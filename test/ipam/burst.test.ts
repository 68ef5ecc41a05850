import { beforeAll, describe, expect, test } from 'vitest';
import { referencePlugins } from '../../scripts/lib/reference.ts';
import { addressesOf, callPlugin, configOf, inFlight, leasesIn, OURS, temporaryFolder } from './support.ts';

const CALLS = 300;
const IN_FLIGHT = 50;
/** A /24 without its network, broadcast and gateway addresses. */
const ADDRESSES = 253;

let reference: string;

beforeAll(async () => {
  reference = `${await referencePlugins()}/host-local`;
});

describe(`${CALLS} ADDs on a /24, ${IN_FLIGHT} in flight`, () => {
  test.each([
    ['ours alone', (_index: number) => OURS],
    ['ours and the reference in turn', (index: number) => (index % 2 === 0 ? OURS : reference)],
  ])('%s', async (_name, pluginOf) => {
    const dataDir = temporaryFolder();
    const config = configOf(dataDir, { ranges: [[{ subnet: '10.7.1.0/24' }]] });
    const ids = Array.from({ length: CALLS }, (_, index) => `c${index}`);
    const added = await inFlight(ids, IN_FLIGHT, (containerId, index) =>
      callPlugin(pluginOf(index), config, { verb: 'ADD', containerId }),
    );
    const addresses = added.flatMap(addressesOf);
    expect(new Set(addresses).size).toBe(ADDRESSES);
    expect(addresses).toHaveLength(ADDRESSES);
    expect(Object.keys(leasesIn(dataDir)).sort()).toEqual([...addresses].sort());
    const failed = added.filter(({ exitCode }) => exitCode !== 0);
    expect(failed).toHaveLength(CALLS - ADDRESSES);
    for (const { document } of failed) {
      expect(document?.msg).toBe(
        'failed to allocate for range 0: no IP addresses available in range set: 10.7.1.1-10.7.1.254',
      );
    }
    // Every lease is freed by the other suite where there are two.
    const removed = await inFlight(ids, IN_FLIGHT, (containerId, index) =>
      callPlugin(pluginOf(index + 1), config, { verb: 'DEL', containerId }),
    );
    expect(removed.filter(({ exitCode }) => exitCode !== 0)).toEqual([]);
    expect(leasesIn(dataDir)).toEqual({});
  });
});
