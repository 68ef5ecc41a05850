import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { fakePlugin } from '../../test/protocol/fake-plugin.ts';
import { describe as document } from '../config/schema.ts';
import { answerPerson } from './person.ts';

const schema = z.object({
  mtu: document(z.optional(z.int()), { text: 'MTU of both ends', fallback: '0' }),
  mode: document(z.optional(z.enum(['l2', 'l3'])), { text: 'layer' }),
  ipMasq: z.optional(z.union([z.boolean(), z.object({ v4: z.optional(z.boolean()) })])),
  ipam: z.optional(z.object({ ranges: z.optional(z.array(z.object({ subnet: z.string() }))) })),
  sysctl: z.optional(z.record(z.string(), z.string())),
});

const { plugin } = fakePlugin({}, { config: schema });

test('--help lists every key of the schema with type, meaning and default', async () => {
  const { stdout, exitCode } = await answerPerson(plugin, ['--help'], 'v1');
  expect(exitCode).toBe(0);
  expect(stdout.split('\n')).toEqual([
    'fake – does nothing and remembers it',
    '',
    'CNI plugin of cni-ts v1, for configurations of version 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0.',
    'A container runtime calls it: CNI_COMMAND and its companions in the environment, the configuration on stdin.',
    '',
    'Configuration keys:',
    '  mtu                   MTU of both ends (default: 0) [whole number]',
    '  mode                  layer ["l2" | "l3"]',
    '  ipMasq                 [true | false or object]',
    '  ipam                   [object]',
    '  ipam.ranges            [list of object]',
    '  ipam.ranges[].subnet   [text]',
    '  sysctl                 [object]',
    '',
  ]);
});

test('a plugin without keys says so', async () => {
  const { stdout } = await answerPerson(fakePlugin({}).plugin, ['-h'], 'v1');
  expect(stdout).toContain('It has no configuration keys of its own.');
});

test('--version goes to stdout, the about text to stderr', async () => {
  expect(await answerPerson(plugin, ['--version'], 'v1')).toEqual({
    stdout: 'CNI fake plugin v1\n',
    stderr: '',
    exitCode: 0,
  });
  const about = await answerPerson(plugin, [], 'v1');
  expect(about).toMatchObject({ stdout: '', exitCode: 0 });
  expect(about.stderr).toMatch(/^CNI fake plugin v1\nCNI protocol versions supported: 0\.1\.0, /);
});
