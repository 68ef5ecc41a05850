import { describe, expect, test } from 'vitest';
import { BROKEN, listOf } from '../../test/lint/broken.ts';
import { lint } from './lint.ts';
import { printFindings, summary } from './print.ts';

describe('one mistake is found, where it is, and nothing else', () => {
  test.each(Object.entries(BROKEN))('%s', async (_, { file = '10-net.conflist', text, finding }) => {
    const offset = text.indexOf('◆');
    const before = text.slice(0, offset).split('\n');
    const [severity, key, message] = finding;
    const found = await lint([{ file, text: text.replace('◆', '') }]);
    expect(found.map((one) => [one.severity, one.key, one.message, one.line, one.column])).toEqual([
      [severity, key, message, before.length, (before.at(-1)?.length ?? 0) + 1],
    ]);
    expect(found[0]?.text).toBe(text.replace('◆', '').split('\n')[before.length - 1]?.trimEnd());
  });

  test('of enough kinds', () => {
    expect(Object.keys(BROKEN).length).toBeGreaterThanOrEqual(60);
    expect(new Set(Object.values(BROKEN).map(({ finding }) => finding[2])).size).toBeGreaterThanOrEqual(50);
  });
});

describe('files beside each other', () => {
  const text = listOf('    { "type": "loopback" }');

  test('with the same network are named both', async () => {
    const found = await lint([
      { file: 'a.conflist', text },
      { file: 'b.conflist', text },
    ]);
    expect(found).toMatchObject([
      { file: 'b.conflist', line: 3, column: 11, message: 'the network "net" is in a.conflist too' },
    ]);
  });

  test('one that no runtime loads has no network', async () => {
    const found = await lint([
      { file: 'a.conflist', text },
      { file: 'a.conflist.bak', text },
    ]);
    expect(found.map(({ message }) => message)).toEqual(['runtimes ignore files called "….bak"']);
  });
});

describe('plugins that are not on the node', () => {
  const text = listOf(
    '    { "type": "bridge", "ipam": { "type": "host-local", "subnet": "10.1.0.0/24" } },\n    { "type": "mine" }',
  );

  test('are worth a note, but not one inside another', async () => {
    const found = await lint([{ file: 'a.conflist', text }], (type) => type === 'bridge');
    expect(found).toMatchObject([
      { severity: 'note', key: 'plugins[1].type', message: 'there is no plugin "mine" on this node' },
    ]);
  });

  test('are worth none where nothing is installed', async () => {
    expect(await lint([{ file: 'a.conflist', text }])).toEqual([]);
  });
});

test('several mistakes are told in the order of the lines', async () => {
  const text = listOf('    { "type": "bridge", "mtu": "x", "isGatway": true },\n    { "type": "portmap" }', '9.9.9');
  const found = await lint([{ file: 'a.conflist', text }]);
  expect(found.map(({ line, column, key }) => [line, column, key])).toEqual([
    [2, 17, 'cniVersion'],
    [5, 32, 'plugins[0].mtu'],
    [5, 37, 'plugins[0].isGatway'],
    [6, 15, 'plugins[1].type'],
  ]);
});

test('a finding reads as a compiler’s', async () => {
  const text = listOf('    { "type": "bridge",\n\t"isGatway": true }');
  const found = await lint([{ file: 'a.conflist', text }]);
  expect(printFindings(found, { style: (_, plain) => plain })).toBe(
    [
      'a.conflist:6:2: warning: unknown key "isGatway" is ignored',
      '  6 | \t"isGatway": true }',
      '    | \t^^^^^^^^^^',
      '    = did you mean "isGateway"?',
      '',
    ].join('\n'),
  );
  expect(summary(found, 1)).toBe('1 warning in 1 file');
});

test('of a very long line the part that matters is shown', async () => {
  const text = JSON.stringify(
    JSON.parse(listOf(`    { "type": "mine", "long": "${'x'.repeat(300)}" }, { "type": "portmap" }`)),
  );
  const [line = '', shown = '', mark = ''] = printFindings(await lint([{ file: 'a.conflist', text }]), {
    style: (_, plain) => plain,
  }).split('\n');
  expect(line).toContain('portmap is never told');
  expect(shown.length).toBeLessThan(130);
  expect(shown.slice(mark.indexOf('^'), mark.indexOf('^') + 9)).toBe('"portmap"');
});
