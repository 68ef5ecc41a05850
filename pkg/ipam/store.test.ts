import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { formatAddress } from '../addr/address.ts';
import { bootId } from '../record/store.ts';
import { fs } from '../sys/files/files.ts';
import { type AllocationRequest, allocate } from './allocate.ts';
import { type Boot, currentBoot, earliestTime } from './boot.ts';
import { readRangeSets } from './range-config.ts';
import { collectGarbage, releaseAll } from './release.ts';
import { type StoreOptions, withLeases } from './store.ts';

const NET = '10.6.0.0/29';
const DAY = 86_400_000;
/** Nothing is older than this boot by the clock, so only its name tells. */
const CLOCKLESS = { notBefore: () => 0 };

/** One network's leases, and what was said about them. */
class Fixture {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'cni-ts-store-'));
  readonly folder = join(this.dataDir, 'net');
  readonly records = join(this.dataDir, 'records');
  readonly said: string[] = [];
  boot: Boot = currentBoot();

  options(): StoreOptions {
    const { dataDir, records: recordFolder, boot } = this;
    return { dataDir, network: 'net', recordFolder, boot, warn: (line) => void this.said.push(line) };
  }

  async add(containerId: string, more: Partial<AllocationRequest> = {}): Promise<string> {
    const rangeSets = readRangeSets([{ key: 'ranges', ranges: [{ key: 'range', config: { subnet: NET } }] }]);
    const request = { owner: { containerId, ifName: 'eth0' }, rangeSets, requested: [], reclaim: true, ...more };
    const given = await withLeases(this.options(), true, (store) => allocate(store, request));
    return (given ?? []).map(({ address }) => formatAddress(address)).join(' ');
  }

  async del(containerId: string): Promise<void> {
    await withLeases(this.options(), false, (store) => releaseAll(store, { containerId, ifName: 'eth0' }));
  }

  async fill(): Promise<void> {
    for (const id of ['a', 'b', 'c', 'd', 'e']) await this.add(id);
  }

  leases(): string[] {
    return readdirSync(this.folder).filter((name) => name.startsWith('10.'));
  }

  /** What a main plugin notes about an attachment. */
  record(containerId: string, netns: { path: string; ino?: string }, time = new Date(), id = bootId()): void {
    mkdirSync(join(this.records, containerId), { recursive: true });
    const found = statSync(netns.path, { bigint: true, throwIfNoEntry: false });
    const record = {
      version: 1,
      bootId: id,
      plugin: 'bridge',
      network: 'net',
      containerId,
      ifName: 'eth0',
      netns: { path: netns.path, dev: String(found?.dev ?? 4), ino: netns.ino ?? String(found?.ino ?? 1) },
      time: time.toISOString(),
      data: {},
    };
    writeFileSync(join(this.records, containerId, 'eth0:net:bridge.json'), JSON.stringify(record));
  }
}

function fixture(): Fixture {
  const made = new Fixture();
  onTestFinished(() => rmSync(made.dataDir, { recursive: true, force: true }));
  return made;
}

describe('after a reboot', () => {
  test('a full range of old leases gives an address, by the name of the boot alone', async () => {
    const net = fixture();
    net.boot = { id: 'boot-1', ...CLOCKLESS };
    await net.fill();
    await expect(net.add('new')).rejects.toThrow('no IP addresses available in range set: 10.6.0.1-10.6.0.6');
    net.boot = { id: 'boot-2', ...CLOCKLESS };
    expect(await net.add('new')).toBe('10.6.0.2');
    expect(net.said).toContain('reclaimed 10.6.0.2 from container a (eth0): it is from before this boot');
    expect(net.said).toHaveLength(5);
  });

  test('leases of other programs are judged by their time', async () => {
    const net = fixture();
    mkdirSync(net.folder);
    for (const [at, id] of ['a', 'b', 'c', 'd', 'e'].entries()) {
      const file = join(net.folder, `10.6.0.${at + 2}`);
      writeFileSync(file, `${id}\r\neth0`);
      // Two of them were given after the boot.
      const time = (Date.now() - (id < 'c' ? 0 : 10 * DAY)) / 1000;
      utimesSync(file, time, time);
    }
    net.boot = { id: 'boot', notBefore: () => Date.now() - DAY };
    expect(await net.add('new')).toBe('10.6.0.4');
    expect(net.said.map((line) => line.split(' ')[1])).toEqual(['10.6.0.4', '10.6.0.5', '10.6.0.6']);
  });

  test('no lease of this boot is touched, whatever its time says', async () => {
    const net = fixture();
    net.boot = { id: 'boot', notBefore: () => Date.now() + DAY };
    await net.fill();
    await expect(net.add('new')).rejects.toMatchObject({
      details: expect.stringContaining('range 10.6.0.0/29: 5 leases, 5 of unknown state'),
    });
    expect(net.leases()).toHaveLength(5);
  });

  test('a lease that another program gave anew is not taken for our old one', async () => {
    const net = fixture();
    net.boot = { id: 'boot-1', ...CLOCKLESS };
    await net.fill();
    net.boot = { id: 'boot-2', notBefore: () => Date.now() - DAY };
    // Removed and given again to the same container, at the same address.
    rmSync(join(net.folder, '10.6.0.3'));
    writeFileSync(join(net.folder, '10.6.0.3'), 'b\r\neth0');
    await net.add('new');
    expect(net.leases()).toEqual(['10.6.0.2', '10.6.0.3']);
  });

  test('"reclaim": false explains itself', async () => {
    const net = fixture();
    net.boot = { id: 'boot-1', ...CLOCKLESS };
    await net.fill();
    net.boot = { id: 'boot-2', ...CLOCKLESS };
    await expect(net.add('new', { reclaim: false })).rejects.toMatchObject({
      message: 'failed to allocate for range 0: no IP addresses available in range set: 10.6.0.1-10.6.0.6',
      details: expect.stringContaining('5 leases, 5 from before this boot; "reclaim": false keeps the 5 dead ones'),
    });
    await expect(net.add('a', { reclaim: false })).rejects.toThrow('10.6.0.2 has been allocated to a, duplicate');
    expect(net.leases()).toHaveLength(5);
  });

  test('a container that kept its name gets an address again', async () => {
    const net = fixture();
    net.boot = { id: 'boot-1', ...CLOCKLESS };
    await net.add('a');
    await expect(net.add('a')).rejects.toThrow('10.6.0.2 has been allocated to a, duplicate allocation is not allowed');
    net.boot = { id: 'boot-2', ...CLOCKLESS };
    expect(await net.add('a')).toBe('10.6.0.3');
    expect(net.leases()).toEqual(['10.6.0.3']);
  });

  test('a clock that started in 1970 proves nothing', () => {
    const now = Date.now();
    // The boot's first files are of 1970, the boot itself is of today since the clock was set.
    expect(earliestTime(now, 1000)).toBeLessThan(1000);
    // A clock that was set back moves the boot before its own first files.
    expect(earliestTime(now - DAY, now)).toBeLessThan(now - DAY);
    expect(earliestTime(undefined, now)).toBeUndefined();
    expect(earliestTime(now, undefined)).toBeUndefined();
  });

  test('this machine has a boot', () => {
    const boot = currentBoot();
    expect(boot.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(boot.notBefore() ?? 0).toBeLessThan(Date.now());
  });
});

describe('records of attachments', () => {
  test('only leases whose namespace is gone are taken', async () => {
    const net = fixture();
    await net.fill();
    net.record('a', { path: '/proc/self/ns/net' });
    net.record('b', { path: '/nowhere/netns' });
    net.record('c', { path: '/proc/self/ns/net', ino: '1' });
    net.record('d', { path: '/nowhere/netns' }, new Date(Date.now() - DAY));
    expect(await net.add('new')).toBe('10.6.0.3');
    expect(net.said).toEqual([
      'reclaimed 10.6.0.3 from container b (eth0): its network namespace is gone',
      'reclaimed 10.6.0.4 from container c (eth0): its network namespace is gone',
    ]);
    await net.add('newer');
    await expect(net.add('newest')).rejects.toMatchObject({
      details: expect.stringContaining('range 10.6.0.0/29: 5 leases, 1 alive, 4 of unknown state'),
    });
  });

  test('a live namespace outweighs an old time', async () => {
    const net = fixture();
    mkdirSync(net.folder);
    writeFileSync(join(net.folder, '10.6.0.2'), 'a\r\neth0');
    utimesSync(join(net.folder, '10.6.0.2'), 1, 1);
    net.record('a', { path: '/proc/self/ns/net' });
    await expect(net.add('a')).rejects.toThrow('duplicate allocation');
  });

  test('a requested address is taken from the dead, not from the living', async () => {
    const net = fixture();
    await net.add('a');
    const requested = { requested: [{ family: 4 as const, value: 0x0a060002n }] };
    await expect(net.add('b', requested)).rejects.toMatchObject({
      message:
        'failed to allocate for range 0: requested IP address 10.6.0.2 is not available in range set 10.6.0.1-10.6.0.6',
      details: expect.stringContaining('container a has it'),
    });
    net.record('a', { path: '/nowhere/netns' });
    expect(await net.add('b', requested)).toBe('10.6.0.2');
  });
});

describe('the index', () => {
  /** How many lease files a piece of work reads. */
  async function reads(work: () => Promise<unknown>): Promise<number> {
    const spy = vi.spyOn(fs(), 'openSync');
    try {
      await work();
      return spy.mock.calls.filter(([path]) => /\/net\/10\.[^/]*$/.test(String(path))).length;
    } finally {
      spy.mockRestore();
    }
  }

  test('knows every lease, so that none has to be read for it', async () => {
    const net = fixture();
    await net.fill();
    await net.del('c');
    expect(await reads(() => net.del('nobody'))).toBe(0);
    expect(await reads(() => net.del('d'))).toBeLessThanOrEqual(2);
    expect(net.leases()).toEqual(['10.6.0.2', '10.6.0.3', '10.6.0.6']);
  });

  test.each([
    ['it is gone', (net: Fixture) => rmSync(join(net.dataDir, '.cni-ts'), { recursive: true })],
    ['a hint is empty', (net: Fixture) => writeFileSync(join(net.dataDir, '.cni-ts/net/b:eth0'), '')],
    [
      'a hint has the rest of another one',
      (net: Fixture) => writeFileSync(join(net.dataDir, '.cni-ts/net/b:eth0'), 'cni-ts/1 - 0 10.6.0.9\n0.3\n'),
    ],
    ['its state is torn', (net: Fixture) => writeFileSync(join(net.dataDir, '.cni-ts/net/.state'), 'cni-ts/1 ')],
    [
      'it is a file',
      (net: Fixture) => {
        rmSync(join(net.dataDir, '.cni-ts'), { recursive: true });
        writeFileSync(join(net.dataDir, '.cni-ts'), '');
      },
    ],
    [
      'the machine was booted',
      (net: Fixture) => {
        net.boot = { id: 'another', ...CLOCKLESS };
      },
    ],
  ])('is learnt anew when %s', async (_name, damage) => {
    const net = fixture();
    await net.add('a');
    await net.add('b');
    damage(net);
    await net.del('b');
    expect(net.leases()).toEqual(['10.6.0.2']);
    await net.del('a');
    expect(net.leases()).toEqual([]);
  });

  test('sees a change of another program in the same tick of the clock', async () => {
    for (let round = 0; round < 50; round++) {
      const net = fixture();
      await net.add('a');
      writeFileSync(join(net.folder, '10.6.0.5'), 'foreign\r\neth0');
      await net.del('foreign');
      expect(net.leases()).toEqual(['10.6.0.2']);
    }
  });

  test.each([
    ['that of the oldest plugins', 'b'],
    ['the same container, the lines as others write them', 'b\n'],
  ])('DEL frees a lease that was rewritten in place, where the folder does not show it: %s', async (_what, text) => {
    const net = fixture();
    for (const id of ['a', 'b']) await net.add(id);
    writeFileSync(join(net.folder, '10.6.0.3'), text);
    await net.del('b');
    expect(net.leases()).toEqual(['10.6.0.2']);
  });

  test('DEL leaves a lease alone that was rewritten in place for another container, and frees it for that one', async () => {
    const net = fixture();
    for (const id of ['a', 'b']) await net.add(id);
    writeFileSync(join(net.folder, '10.6.0.3'), 'other\r\neth0');
    await net.del('b');
    expect(net.leases()).toEqual(['10.6.0.2', '10.6.0.3']);
    await net.del('other');
    expect(net.leases()).toEqual(['10.6.0.2']);
  });

  test('a hint of which only a part is true is learnt once', async () => {
    const net = fixture();
    await net.fill();
    const owner = { containerId: 'b', ifName: 'eth0' };
    await withLeases(net.options(), true, (store) => store.announce(owner, ['10.6.0.3', '10.6.0.6']));
    const look = () => withLeases(net.options(), false, (store) => store.ownedBy(owner).map((lease) => lease.address));
    expect(await reads(look)).toBeGreaterThan(2);
    expect(await reads(look)).toBe(1);
    expect(await look()).toEqual(['10.6.0.3']);
  });

  test('forgets who has no address any more', async () => {
    const net = fixture();
    await net.fill();
    for (const id of ['a', 'b']) await net.del(id);
    rmSync(join(net.folder, '10.6.0.4'));
    await net.del('d');
    await net.del('nobody');
    expect(readdirSync(join(net.dataDir, '.cni-ts/net')).sort()).toEqual(['.state', 'e:eth0']);
  });

  test.each(['DEL', 'GC'])('%s forgets whose ADD was killed before its address was written', async (verb) => {
    const net = fixture();
    await net.add('a');
    const killed = { containerId: 'b', ifName: 'eth0' };
    await withLeases(net.options(), true, (store) => store.announce(killed, ['10.6.0.3']));
    const hints = () => readdirSync(join(net.dataDir, '.cni-ts/net')).sort();
    expect(hints()).toEqual(['.state', 'a:eth0', 'b:eth0']);
    if (verb === 'DEL') await net.del('b');
    else {
      const valid = [{ containerID: 'a', ifname: 'eth0' }];
      await withLeases(net.options(), false, (store) => collectGarbage(store, valid));
    }
    expect([hints(), net.leases()]).toEqual([['.state', 'a:eth0'], ['10.6.0.2']]);
  });

  test('removes what a killed writer left', async () => {
    const net = fixture();
    await net.add('a');
    writeFileSync(join(net.folder, '.cni-ts.tmp'), 'b\r\neth0');
    await net.add('b');
    expect(readdirSync(net.folder).sort()).toEqual(['10.6.0.2', '10.6.0.3', 'last_reserved_ip.0', 'lock']);
    expect(readFileSync(join(net.folder, '10.6.0.3'), 'utf8')).toBe('b\r\neth0');
  });
});

describe('the lock', () => {
  test('is waited for, but not for ever', async () => {
    const net = fixture();
    await net.add('a');
    await withLeases(net.options(), true, () => undefined);
    const { lockFile } = await import('../sys/files/lock.ts');
    const lock = await lockFile(join(net.folder, 'lock'), 0o750, 1000);
    const waiting = withLeases({ ...net.options(), lockTimeoutMs: 100 }, false, () => undefined);
    await expect(waiting).rejects.toMatchObject({ code: 11, message: 'the address store is locked' });
    lock.release();
    expect(await net.add('b')).toBe('10.6.0.3');
  });

  test('has the mode that the reference gives it', async () => {
    const net = fixture();
    await net.add('a');
    const mode = (name: string) => (statSync(join(net.folder, name)).mode & 0o777).toString(8);
    expect(['lock', '10.6.0.2', 'last_reserved_ip.0', '.'].map(mode)).toEqual(['750', '600', '600', '755']);
  });
});
