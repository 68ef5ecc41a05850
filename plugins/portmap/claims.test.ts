import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ownNetns } from '../../pkg/netns/own.ts';
import { bootId } from '../../pkg/record/store.ts';
import { type Claim, meet } from './claim.ts';
import { PortClaims } from './claims.ts';
import type { PortMapping } from './mapping.ts';

let folder: string;
let claims: PortClaims;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'claims-')), 'attachments');
  claims = new PortClaims(folder);
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true }));

const { path, identity } = ownNetns();
const OURS = { path, dev: String(identity.dev), ino: String(identity.ino) };
const NOWHERE = { path: '/nowhere', dev: '4', ino: '1' };

function owner(containerId: string, changes: Partial<Claim> = {}) {
  return { containerId, ifName: 'eth0', network: 'net', bootId: bootId(), netns: OURS, ...changes };
}

function port(hostPort: number, hostIp = ''): PortMapping {
  return { protocol: 'tcp', hostPort, containerPort: 80, hostIp };
}

/** The list of ports; `undefined` when nobody has one. */
const files = (): string[] | undefined => {
  const path = join(folder, '.ports');
  return existsSync(path) ? readdirSync(path).sort() : undefined;
};

test('taken, had by others, given back', async () => {
  const mine = owner('a');
  expect(await claims.take(mine, [port(80), port(81)], false)).toEqual({ evicted: [], conflicts: [] });
  expect(files()).toEqual(['tcp-80', 'tcp-81']);
  // The namespace of the newcomer is another one, and the owner's is there.
  const { conflicts } = await claims.take(owner('b', { netns: NOWHERE }), [port(79), port(80)], false);
  expect(conflicts.map(({ port: name, claim }) => [name, claim.containerId])).toEqual([['tcp-80', 'a']]);
  expect(files()).toEqual(['tcp-80', 'tcp-81']);
  await claims.release([mine], [port(80), port(81)]);
  expect(files()).toBeUndefined();
});

test('what may be done when nobody has a port waits for the last', async () => {
  const done: string[] = [];
  const close = () => claims.ifNone(async () => void done.push(`with ${files()?.length} ports`));
  await claims.take(owner('a'), [port(80)], false);
  await claims.take(owner('b'), [port(81)], false);
  await claims.release([owner('a')], [port(80)]);
  expect(claims.areNone()).toBe(false);
  await close();
  expect(done).toEqual([]);
  await claims.release([owner('b')], [port(81)]);
  expect(claims.areNone()).toBe(true);
  await close();
  expect(done).toEqual(['with 0 ports']);
  expect(claims.areNone()).toBe(true);
});

test('nothing is made where there was nothing', async () => {
  await claims.release([owner('a')], [port(80)]);
  expect(await claims.sweep(() => true)).toEqual([]);
  expect(claims.all()).toEqual([]);
  expect(existsSync(folder)).toBe(false);
});

test.each<[string, Partial<Claim>, Partial<Claim>]>([
  ['an earlier boot', { bootId: 'earlier', netns: NOWHERE }, {}],
  ['a namespace that is gone', { netns: NOWHERE }, {}],
  ['the newcomer’s own namespace', {}, {}],
  ['the same pod', { pod: { namespace: 'n', name: 'p' } }, { netns: NOWHERE, pod: { namespace: 'n', name: 'p' } }],
])('an owner of %s gives way', async (_, former, newcomer) => {
  await claims.take(owner('a', former), [port(80)], false);
  const { evicted, conflicts } = await claims.take(owner('b', newcomer), [port(80)], false);
  expect([evicted.map(({ containerId }) => containerId), conflicts]).toEqual([['a'], []]);
  // Its claim stays until its rules are gone.
  expect(claims.all().map(({ containerId }) => containerId)).toEqual(['a', 'b']);
});

test('another interface of the same container is no conflict', async () => {
  await claims.take(owner('a'), [port(80)], false);
  const again = owner('a', { ifName: 'eth1', netns: NOWHERE });
  expect(await claims.take(again, [port(80)], false)).toEqual({ evicted: [], conflicts: [] });
  await claims.release([again], [port(80)]);
  expect(claims.all().map(({ ifName }) => ifName)).toEqual(['eth0']);
});

test('damaged files are as none, and are swept away', async () => {
  await claims.take(owner('a'), [port(80)], false);
  writeFileSync(join(folder, '.ports/tcp-80'), '[{"containerId":');
  writeFileSync(join(folder, '.ports/tcp-81'), '');
  expect(await claims.take(owner('b', { netns: NOWHERE }), [port(80)], false)).toEqual({ evicted: [], conflicts: [] });
  expect((await claims.sweep(({ containerId }) => containerId === 'b')).map(({ containerId }) => containerId)).toEqual([
    'b',
  ]);
  expect(files()).toBeUndefined();
});

test.each([
  ['', '10.0.0.1', true],
  ['0.0.0.0', '10.0.0.1', true],
  ['0.0.0.0', '::', false],
  ['::', 'fd00::1', true],
  ['10.0.0.1', '10.0.0.1', true],
  ['10.0.0.1', '10.0.0.2', false],
])('%j and %j', (one, other, expected) => {
  expect([meet(one, other), meet(other, one)]).toEqual([expected, expected]);
});

test('thousands of addresses on one port are compared at once', async () => {
  const crowd = (first: number): PortMapping[] =>
    Array.from({ length: 20_000 }, (_, index) => port(80, `10.${first}.${index >> 8}.${index & 255}`));
  await claims.take(owner('a'), crowd(1), false);
  const before = performance.now();
  expect(await claims.take(owner('b', { netns: NOWHERE }), crowd(2), false)).toEqual({ evicted: [], conflicts: [] });
  // Pair by pair it takes seconds.
  expect(performance.now() - before).toBeLessThan(1000);
});

test('what was taken before a port that somebody has is given back, also what an earlier claim was', async () => {
  await claims.take(owner('a'), [port(82)], false);
  await claims.take(owner('b', { netns: NOWHERE }), [port(80, '10.0.0.1')], false);
  const { conflicts } = await claims.take(owner('b', { netns: NOWHERE }), [port(80), port(81), port(82)], false);
  expect(conflicts.map(({ port: name }) => name)).toEqual(['tcp-82']);
  expect(files()).toEqual(['tcp-80', 'tcp-82']);
  expect(claims.all().map(({ hostIps }) => hostIps)).toEqual([['10.0.0.1'], ['']]);
});

test('of a claim that was made anew in another namespace the old one goes alone', async () => {
  const old = { port: 'tcp-80', claim: { ...owner('a', { netns: NOWHERE }), hostIps: [''] } };
  await claims.take(owner('a'), [port(80)], false);
  await claims.remove([old]);
  expect(claims.all().map(({ netns }) => netns)).toEqual([OURS]);
  await claims.remove(claims.listed());
  expect(files()).toBeUndefined();
});
