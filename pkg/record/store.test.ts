import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ownNetns } from '../netns/own.ts';
import { decodeRecord, podFrom } from './record.ts';
import { isAlive, type NewRecord, RecordStore } from './store.ts';

let folder: string;
let store: RecordStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'records-'));
  store = new RecordStore(`${folder}/attachments`);
});
afterEach(() => rmSync(folder, { recursive: true }));

const entry = (changes: Partial<NewRecord> = {}): NewRecord => ({
  containerId: 'c1',
  ifName: 'eth0',
  network: 'net',
  plugin: 'bridge',
  netns: ownNetns(),
  cniArgs: 'IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0',
  data: { veth: 'veth1' },
  ...changes,
});

test('written, found, removed', () => {
  expect(store.readForContainer('c1')).toEqual({ records: [], warnings: [] });
  expect(store.write(entry())).toBeUndefined();
  expect(store.write(entry({ plugin: 'portmap' }))).toBeUndefined();
  expect(store.write(entry({ containerId: 'c2' }))).toBeUndefined();
  const { records } = store.readForContainer('c1');
  expect(records.map((record) => record.plugin).sort()).toEqual(['bridge', 'portmap']);
  expect(records[0]).toMatchObject({
    version: 1,
    pod: { namespace: 'default', name: 'web-0' },
    data: { veth: 'veth1' },
  });
  expect(store.readAll().records).toHaveLength(3);
  for (const plugin of ['bridge', 'portmap']) expect(store.remove(entry({ plugin }))).toBeUndefined();
  expect(readdirSync(`${folder}/attachments`)).toEqual(['c2']);
  expect(store.remove(entry())).toBeUndefined();
});

test('containers are counted by their folders, where the file system does that', () => {
  expect(store.containers).toBe(0);
  for (const containerId of ['c1', 'c2', 'c3']) store.write(entry({ containerId }));
  store.write(entry({ ifName: 'eth1' }));
  expect(store.containers).toBe(statSync(folder).nlink > 1 ? 3 : 0);
});

test('a record is replaced whole', () => {
  store.write(entry());
  store.write(entry({ data: { veth: 'veth2' } }));
  expect(store.readForContainer('c1').records.map((record) => record.data)).toEqual([{ veth: 'veth2' }]);
  expect(readdirSync(`${folder}/attachments/c1`)).toEqual(['eth0:net:bridge.json']);
});

test('a damaged record is absent, with a warning; the others are found', () => {
  store.write(entry());
  store.write(entry({ ifName: 'eth1' }));
  writeFileSync(`${folder}/attachments/c1/eth0:net:bridge.json`, '{"version":1,');
  writeFileSync(`${folder}/attachments/c1/.cni-ts.1.tmp`, 'half');
  const { records, warnings } = store.readForContainer('c1');
  expect(records.map((record) => record.ifName)).toEqual(['eth1']);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain('damaged');
});

test('what a crash has left is swept up; what plugins lock stays, for somebody may hold it', () => {
  store.write(entry());
  store.write(entry({ containerId: 'c2' }));
  writeFileSync(`${folder}/attachments/c2/eth0:net:bridge.json`, '');
  for (const name of ['c3', '.ports', '.firewall']) mkdirSync(`${folder}/attachments/${name}`);
  store.sweep('bridge', 'net');
  expect(readdirSync(`${folder}/attachments`).sort()).toEqual(['.firewall', '.ports', 'c1']);
});

test('what is not a record', () => {
  for (const text of ['', 'null', '[]', '{}', '{"version":2}', '{"version":1,"data":{},"netns":{}}']) {
    expect(decodeRecord(text)).toBeUndefined();
  }
});

test('names that are no file names', () => {
  const ids = ['../../../etc', '.', '..', 'x'.repeat(201), 'a/b', 'a\nb'];
  for (const containerId of ids) {
    expect(store.write(entry({ containerId }))).toBeUndefined();
    expect(store.readForContainer(containerId).records).toHaveLength(1);
  }
  expect(readdirSync(folder)).toEqual(['attachments']);
  expect(readdirSync(`${folder}/attachments`)).toHaveLength(ids.length);
  for (const containerId of ids) store.remove(entry({ containerId }));
  expect(readdirSync(`${folder}/attachments`)).toEqual([]);
});

test('a folder that cannot be written is a warning', () => {
  writeFileSync(`${folder}/attachments`, 'a file');
  expect(store.write(entry())).toContain('not a directory');
  expect(store.readAll().warnings).toHaveLength(1);
  expect(store.remove(entry())).toContain('not a directory');
});

test('alive, dead', () => {
  store.write(entry());
  const [record] = store.readForContainer('c1').records;
  if (record === undefined) throw new Error('no record');
  expect(isAlive(record)).toBe('alive');
  expect(isAlive({ ...record, bootId: 'another' })).toBe('dead');
  expect(isAlive({ ...record, netns: { ...record.netns, ino: '1' } })).toBe('dead');
  // The path is gone from here, but this very process is still inside.
  expect(isAlive({ ...record, netns: { ...record.netns, path: '/run/netns/gone' } })).toBe('alive');
  expect(isAlive({ ...record, netns: { ...record.netns, path: '/run/netns/gone', ino: '1' } })).toBe('dead');
  expect(isAlive({ ...record, netns: { ...record.netns, path: '/etc/passwd/x' } })).toBe('unknown');
  expect(existsSync(record.netns.path)).toBe(true);
});

test('pods', () => {
  expect(podFrom('')).toBeUndefined();
  expect(podFrom('K8S_POD_NAME=a')).toBeUndefined();
});
