import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { referencePlugins } from '../../scripts/lib/reference.ts';
import { addressesOf, callPlugin, configOf, inFlight, leasesIn, OURS, temporaryFolder } from './support.ts';

let reference: string;

beforeAll(async () => {
  reference = `${await referencePlugins()}/host-local`;
});

const DUAL = { ranges: [[{ subnet: '10.8.0.0/28' }], [{ subnet: 'fd00:8::/124' }]] };
const SMALL = { ranges: [[{ subnet: '10.8.0.0/29' }]] };

/** A call to be killed, and what was there before it. */
interface Scenario {
  readonly name: string;
  readonly verb: string;
  readonly ipam: object;
  readonly more?: object;
  /** Containers that have an address before; the call is about `victim`. */
  readonly before: readonly string[];
  /** Whether the range is full of leases from before this boot. */
  readonly isFullOfDead?: true;
}

const SCENARIOS: readonly Scenario[] = [
  { name: 'first ADD of all', verb: 'ADD', ipam: DUAL, before: [] },
  { name: 'ADD', verb: 'ADD', ipam: DUAL, before: ['before'] },
  { name: 'ADD that reclaims', verb: 'ADD', ipam: SMALL, before: [], isFullOfDead: true },
  { name: 'DEL', verb: 'DEL', ipam: DUAL, before: ['before', 'victim'] },
  {
    name: 'GC',
    verb: 'GC',
    ipam: DUAL,
    more: { 'cni.dev/valid-attachments': [{ containerID: 'before', ifname: 'eth0' }] },
    before: ['before', 'victim'],
  },
];

/** One system call of one kind: the N-th of its thread. */
interface Moment {
  readonly call: string;
  readonly ordinal: number;
  readonly line: string;
}

async function prepare(dataDir: string, { ipam, before, isFullOfDead }: Scenario): Promise<void> {
  for (const containerId of before) await callPlugin(OURS, configOf(dataDir, ipam), { verb: 'ADD', containerId });
  if (isFullOfDead === undefined) return;
  mkdirSync(join(dataDir, 'net'));
  for (let host = 2; host < 7; host++) {
    const file = join(dataDir, `net/10.8.0.${host}`);
    writeFileSync(file, `dead${host}\r\neth0`);
    utimesSync(file, 1_000_000_000, 1_000_000_000);
  }
}

/** Every system call of a verb that touches the lease folder or what lies beside it. */
async function momentsOf(scenario: Scenario): Promise<readonly Moment[]> {
  const { verb, ipam, more } = scenario;
  const dataDir = temporaryFolder();
  await prepare(dataDir, scenario);
  const trace = join(temporaryFolder(), 'trace');
  const prefix = ['strace', '-f', '-y', '-o', trace];
  const outcome = await callPlugin(OURS, configOf(dataDir, ipam, more), { verb, containerId: 'victim', prefix });
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

describe('killed at each system call that touches the store', () => {
  test.each(SCENARIOS)('$name', async (scenario) => {
    const { name, verb, ipam, more, before } = scenario;
    const moments = await momentsOf(scenario);
    expect(moments.length).toBeGreaterThan(15);
    const kills = await inFlight(moments, 2, async (moment) => {
      const dataDir = temporaryFolder();
      const config = configOf(dataDir, ipam);
      /** The leases but those that are dead, which may wait until they are needed. */
      const living = () => Object.entries(leasesIn(dataDir)).filter(([, content]) => !content.startsWith('dead'));
      await prepare(dataDir, scenario);
      const inject = `inject=${moment.call}:signal=SIGKILL:when=${moment.ordinal}`;
      const prefix = ['strace', '-f', '-o', '/dev/null', '-e', inject];
      const killed = await callPlugin(OURS, configOf(dataDir, ipam, more), { verb, containerId: 'victim', prefix });
      const context = `${moment.line} (${killed.exitCode}, ${killed.signal})`;
      // Others go on at once: one of ours, one of the reference's unless it would need to reclaim.
      const others = [
        await callPlugin(OURS, config, { verb: 'ADD', containerId: 'after' }),
        await callPlugin(scenario.isFullOfDead ? OURS : reference, config, { verb: 'ADD', containerId: 'foreign' }),
      ];
      for (const { exitCode, document } of others) expect(exitCode, `${context} ${document?.msg}`).toBe(0);
      // The killed one is asked for again: it gets an address, or is told which one it has.
      const again = await callPlugin(OURS, config, { verb: 'ADD', containerId: 'victim' });
      if (again.exitCode !== 0) expect(again.document?.msg, context).toContain('duplicate allocation is not allowed');
      const leases = Object.fromEntries(living());
      const owners = Object.values(leases).map((content) => content.split('\r\n')[0]);
      expect(new Set(owners), context).toEqual(new Set([...before, 'after', 'foreign', 'victim']));
      for (const address of others.flatMap(addressesOf)) expect(leases, context).toHaveProperty([address]);
      for (const [at, containerId] of ['victim', 'before', 'after', 'foreign'].entries()) {
        const removed = await callPlugin(at % 2 === 0 ? reference : OURS, config, { verb: 'DEL', containerId });
        expect(removed.exitCode, context).toBe(0);
      }
      expect(living(), context).toEqual([]);
      expect(existsSync(join(dataDir, 'net/lock'))).toBe(true);
      return killed.signal === 'SIGKILL';
    });
    // The order of system calls may differ a little from run to run; nearly every kill has to have hit.
    const hits = kills.filter(Boolean).length;
    console.log(`${name}: killed at ${hits} of ${moments.length} system calls`);
    expect(hits).toBeGreaterThan(moments.length * 0.9);
  });
});
