import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../pkg/config/read.ts';
import { isObject } from '../pkg/json/decode.ts';
import { validateNetworkName } from '../pkg/skel/environment.ts';
import type { JsonObject } from '../pkg/skel/plugin.ts';
import { isSpecVersion } from '../pkg/types/version.ts';
import { ROOT } from '../scripts/lib/project.ts';
import { pluginNamed } from './table.ts';

const FOLDER = join(ROOT, 'conf');
const names = readdirSync(FOLDER).filter((name) => name.endsWith('.conflist'));

/** A list that is ready to be copied. */
interface ReadyList extends JsonObject {
  readonly cniVersion: string;
  readonly cniVersions?: readonly string[];
  readonly name: string;
  readonly plugins: readonly (JsonObject & { readonly type: string })[];
}

/** All keys of a document, wherever they are. */
function keysIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(keysIn);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...keysIn(inner)]);
}

test('there are lists', () => {
  expect(names.length).toBeGreaterThanOrEqual(4);
});

describe.each(names)('%s', (name) => {
  const list = JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as ReadyList;

  test('is a list that every runtime takes', () => {
    validateNetworkName(list.name);
    for (const version of [list.cniVersion, ...(list.cniVersions ?? [])]) expect(isSpecVersion(version)).toBe(true);
    expect(list.plugins.length).toBeGreaterThan(0);
  });

  test('has configurations that the plugins take without a word', async () => {
    for (const entry of list.plugins) {
      const ipam = isObject(entry['ipam']) ? String(entry['ipam']['type']) : '';
      for (const type of [entry.type, ipam]) {
        // Not all plugins that a list may name are part of the suite.
        const plugin = pluginNamed(type);
        const schema = plugin?.config;
        if (plugin === undefined || schema === undefined) continue;
        const conf = { ...entry, name: list.name, cniVersion: list.cniVersion };
        expect(readConfig(schema, conf, type, type === entry.type).warnings).toEqual([]);
        expect(plugin.versions).toContain(list.cniVersion);
      }
      const delegate = entry['delegate'];
      const bridge = pluginNamed('bridge')?.config;
      if (bridge !== undefined && delegate !== undefined) {
        expect(readConfig(bridge, delegate, 'delegate').warnings).toEqual([]);
      }
    }
  });

  test('is explained key by key', () => {
    const page = join(FOLDER, name.replace('.conflist', '.md'));
    expect(existsSync(page)).toBe(true);
    const text = readFileSync(page, 'utf8');
    for (const key of new Set(keysIn(list))) expect(text).toContain(`\`${key}\``);
  });
});
