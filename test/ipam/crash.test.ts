import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { referencePlugins } from '../../scripts/lib/reference.ts';
import { addressesOf, callPlugin, configOf, inFlight, leasesIn, OURS, temporaryFolder } from './support.ts';

let reference: string;

beforeAll(async () => {
  reference = `${await referencePlugins()}/host-local`;
});

const IPAM = { ranges: [[{ subnet: '10.8.0.0/28' }], [{ subnet: 'fd00:8::/124' }]] };

/** One system call of one kind: the N-th of its thread. */
interface Moment {
  readonly call: string;
  readonly ordinal: number;
  readonly line: string;
}

/** Before the call under test one container has an address; another one is what the call is about. */
async function prepare(dataDir: string, verb: string): Promise<void> {
  await callPlugin(OURS, configOf(dataDir, IPAM), { verb: 'ADD', containerId: 'before' });
  if (verb === 'DEL') await callPlugin(OURS, configOf(dataDir, IPAM), { verb: 'ADD', containerId: 'victim' });
}

/** Every system call of a verb that touches the lease folder or what lies beside it. */
async function momentsOf(verb: string): Promise<readonly Moment[]> {
  const dataDir = temporaryFolder();
  await prepare(dataDir, verb);
  const trace = join(temporaryFolder(), 'trace');
  const prefix = ['strace', '-f', '-y', '-o', trace];
  const outcome = await callPlugin(OURS, configOf(dataDir, IPAM), { verb, containerId: 'victim', prefix });
  expect(outcome.exitCode).toBe(0);
  const seen = new Map<string, number>();
  const moments: Moment[] = [];
  for (const line of readFileSync(trace, 'utf8').split('\n')) {
    const [, thread, call] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
    if (thread === undefined || call === undefined) continue;
    const ordinal = (seen.get(`${thread} ${call}`) ?? 0) + 1;
    seen.set(`${thread} ${call}`, ordinal);
    // The configuration on stdin names the folder too.
    if (line.includes(dataDir) && call !== 'read' && call !== 'readv') moments.push({ call, ordinal, line });
  }
  return moments;
}

describe.each(['ADD', 'DEL'])('%s killed', (verb) => {
  test('at each system call that touches the store', async () => {
    const moments = await momentsOf(verb);
    expect(moments.length).toBeGreaterThan(15);
    const kills = await inFlight(moments, 2, async (moment) => {
      const dataDir = temporaryFolder();
      const config = configOf(dataDir, IPAM);
      await prepare(dataDir, verb);
      const inject = `inject=${moment.call}:signal=SIGKILL:when=${moment.ordinal}`;
      const prefix = ['strace', '-f', '-o', '/dev/null', '-e', inject];
      const killed = await callPlugin(OURS, config, { verb, containerId: 'victim', prefix });
      const context = `${moment.line} (${killed.exitCode}, ${killed.signal})`;
      // Others go on at once: one of ours, one of the reference's.
      const others = [
        await callPlugin(OURS, config, { verb: 'ADD', containerId: 'after' }),
        await callPlugin(reference, config, { verb: 'ADD', containerId: 'foreign' }),
      ];
      for (const { exitCode, document } of others) expect(exitCode, `${context} ${document?.msg}`).toBe(0);
      // The killed one is asked for again: it gets an address, or is told which one it has.
      const again = await callPlugin(OURS, config, { verb: 'ADD', containerId: 'victim' });
      if (again.exitCode !== 0) expect(again.document?.msg, context).toContain('duplicate allocation is not allowed');
      const leases = leasesIn(dataDir);
      const owners = Object.values(leases).map((content) => content.split('\r\n')[0]);
      expect(new Set(owners), context).toEqual(new Set(['before', 'after', 'foreign', 'victim']));
      for (const { document, ...outcome } of others) {
        for (const address of addressesOf({ document, ...outcome })) expect(leases, context).toHaveProperty([address]);
      }
      const first = verb === 'ADD' ? OURS : reference;
      for (const containerId of ['victim', 'before', 'after', 'foreign']) {
        const removed = await callPlugin(containerId === 'victim' ? first : OURS, config, { verb: 'DEL', containerId });
        expect(removed.exitCode, context).toBe(0);
      }
      expect(leasesIn(dataDir), context).toEqual({});
      expect(existsSync(join(dataDir, 'net/lock'))).toBe(true);
      return killed.signal === 'SIGKILL';
    });
    // The order of system calls may differ a little from run to run; nearly every kill has to have hit.
    expect(kills.filter(Boolean).length).toBeGreaterThan(moments.length * 0.9);
    console.log(`${verb}: killed at ${kills.filter(Boolean).length} of ${moments.length} system calls`);
  });
});
