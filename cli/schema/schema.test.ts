import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { keysOf } from '../../pkg/config/help.ts';
import { PLUGIN_NAMES } from '../../plugins/names.ts';
import { pluginNamed } from '../../plugins/table.ts';
import { ROOT } from '../../scripts/lib/project.ts';
import { schemaFiles } from '../../scripts/lib/schema-files.ts';
import { misfits } from '../../test/schema/evaluate.ts';
import { conflistSchema, confSchema } from './documents.ts';

test('there is a file for lists and one for each plugin, and nothing else', async () => {
  const files = await schemaFiles();
  expect([...files.keys()].sort()).toEqual(['conflist', ...PLUGIN_NAMES].map((name) => `${name}.json`).sort());
  for (const text of files.values()) expect(JSON.parse(text)).toHaveProperty('title');
});

const bridgeWith = (more: object) => ({
  cniVersion: '1.0.0',
  name: 'net',
  plugins: [{ type: 'bridge', ipam: { type: 'host-local', ranges: [[{ subnet: '10.1.0.0/24' }]] }, ...more }],
});

describe('the schema of lists', async () => {
  const schema = await conflistSchema();
  const lists = readdirSync(join(ROOT, 'conf')).filter((name) => name.endsWith('.conflist'));

  test.each(lists)('takes conf/%s', (name) => {
    expect(misfits(schema, JSON.parse(readFileSync(join(ROOT, 'conf', name), 'utf8')))).toEqual([]);
  });

  test.each<[string, unknown, string[]]>([
    ['a list', bridgeWith({}), []],
    ['keys of others', bridgeWith({ comment: 'mine' }), []],
    ['plugins of others', { cniVersion: '1.0.0', name: 'net', plugins: [{ type: 'ovs', mtu: 'x' }] }, []],
    ['a type', bridgeWith({ mtu: '1500' }), ['$.plugins[0].mtu: not integer']],
    ['a type inside', bridgeWith({ vlanTrunk: [{ id: true }] }), ['$.plugins[0].vlanTrunk[0].id: not integer']],
    [
      'a type in the ipam section',
      bridgeWith({ ipam: { type: 'host-local', ranges: [{ subnet: '10.1.0.0/24' }] } }),
      ['$.plugins[0].ipam.ranges[0]: not array'],
    ],
    [
      'a type in the ipam section of static',
      bridgeWith({ ipam: { type: 'static', addresses: ['10.1.0.2/24'] } }),
      ['$.plugins[0].ipam.addresses[0]: not object'],
    ],
    [
      'a route without destination',
      bridgeWith({ ipam: { type: 'host-local', routes: [{}] } }),
      ['$.plugins[0].ipam.routes[0]: no dst'],
    ],
    ['a capability', bridgeWith({ capabilities: { ips: 'yes' } }), ['$.plugins[0].capabilities.ips: not boolean']],
    ['no name', { cniVersion: '1.0.0', plugins: [{ type: 'x' }] }, ['$: no name']],
    ['no type', { cniVersion: '1.0.0', name: 'n', plugins: [{}] }, ['$.plugins[0]: no type']],
    ['no plugins', { cniVersion: '1.0.0', name: 'n', plugins: [] }, ['$.plugins: too few']],
    [
      'a version',
      { cniVersion: '1.0', name: 'n', plugins: [{ type: 'x' }] },
      ['$.cniVersion: none of 0.1.0,0.2.0,0.3.0,0.3.1,0.4.0,1.0.0,1.1.0'],
    ],
    [
      'a key of the delegate, which is bridge',
      { cniVersion: '1.0.0', name: 'n', plugins: [{ type: 'flannel', delegate: { mtu: 'x' } }] },
      ['$.plugins[0].delegate.mtu: not integer'],
    ],
    [
      'a delegate of others',
      { cniVersion: '1.0.0', name: 'n', plugins: [{ type: 'flannel', delegate: { type: 'ovs', mtu: 'x' } }] },
      [],
    ],
  ])('looks at %s', (_, document, wrong) => {
    expect(misfits(schema, document)).toEqual(wrong);
  });
});

describe.each(PLUGIN_NAMES)('the schema of %s', (name) => {
  test('has every key that help has, with its words', async () => {
    const schema = pluginNamed(name)?.config;
    const text = JSON.stringify(await confSchema(name));
    const keys =
      schema === undefined ? [] : keysOf(schema).filter(({ key }) => !/^(runtimeConfig|args)\b|^ipam$/.test(key));
    for (const { key, text: words } of keys) {
      expect(text).toContain(`"${key.replace(/^.*\./, '')}":`);
      if (words !== '') expect(text).toContain(JSON.stringify(words).slice(1, -1));
    }
  });
});

test('there is none of a plugin of others', async () => {
  expect(await confSchema('ovs')).toBeUndefined();
  expect(await confSchema('toString')).toBeUndefined();
});
