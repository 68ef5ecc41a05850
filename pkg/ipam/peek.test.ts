import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { formatAddress } from '../addr/address.ts';
import { allocate } from './allocate.ts';
import { peekLeases } from './peek.ts';
import { readRangeSets } from './range-config.ts';
import { withLeases } from './store.ts';
import { surveyLeases } from './survey.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'cni-ts-peek-test-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

const rangeSets = readRangeSets([{ key: 'ranges', ranges: [{ key: 'range', config: { subnet: '10.1.0.0/29' } }] }]);
const request = (containerId: string) => ({
  owner: { containerId, ifName: 'eth0' },
  rangeSets,
  requested: [],
  reclaim: true,
});

/** Every file with what would show that somebody has been there. */
function filesOf(path: string): readonly string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => `${name} ${statSync(join(path, name)).mtimeMs} ${statSync(join(path, name)).ino}`);
}

test('gives what would be given next, and leaves everything as it was', async () => {
  const [dataDir, temporary] = [folder(), folder()];
  vi.stubEnv('TMPDIR', temporary);
  onTestFinished(() => void vi.unstubAllEnvs());
  const warnings: string[] = [];
  const options = {
    dataDir,
    network: 'net',
    recordFolder: join(dataDir, '.records'),
    warn: (line: string) => void warnings.push(line),
  };
  const next = () =>
    peekLeases(options, (store) => allocate(store, request('next')).map(({ address }) => formatAddress(address)));
  expect(await next()).toEqual(['10.1.0.2']);
  expect(readdirSync(dataDir)).toEqual([]);
  await withLeases(options, true, (store) => allocate(store, request('first')));
  writeFileSync(join(dataDir, 'net/10.1.0.3'), '');
  const before = filesOf(dataDir);
  expect(await next()).toEqual(['10.1.0.3']);
  expect(warnings.join()).toContain(`${dataDir}/net/10.1.0.3 is empty or damaged`);
  expect(surveyLeases(options).map(({ lease, verdict }) => [lease.address, verdict])).toEqual([
    ['10.1.0.2', 'unknown'],
  ]);
  expect(filesOf(dataDir)).toEqual(before);
  for (const name of ['a', 'b', 'c', 'd']) await withLeases(options, true, (store) => allocate(store, request(name)));
  const full = await next().catch((thrown: unknown) => thrown);
  expect(full).toMatchObject({ message: expect.stringContaining('no IP addresses available') });
  expect(String(full)).toContain(`${dataDir}/net`);
  expect(readdirSync(temporary)).toEqual([]);
});
