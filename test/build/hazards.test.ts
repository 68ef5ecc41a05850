import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BIN, call, temporaryFolder } from './support.ts';

const loopback = join(BIN, 'loopback');
const reference = await call(loopback);

/** A script that would show itself on stdout and in the folder, if anything ran it. */
const FOREIGN_SCRIPT = "console.log('foreign code'); require('fs').writeFileSync('written', '');";

/** Files that a JavaScript runtime reads from the working directory. */
const FILES: Readonly<Record<string, string>> = {
  '.env': 'CNI_COMMAND=ADD\nBUN_OPTIONS=--preload ./foreign.js\nBUN_BE_BUN=1\n',
  '.env.local': 'CNI_COMMAND=ADD\n',
  'bunfig.toml': 'preload = ["./foreign.js"]\n[run]\nsilent = false\n',
  'package.json':
    '{"main": "./foreign.js", "type": "module", "imports": {"#x": "./foreign.js"}, "bun": "./foreign.js"}',
  'tsconfig.json':
    '{"compilerOptions": {"paths": {"node:fs": ["./foreign.js"], "fs": ["./foreign.js"]}}, "extends": "x"}',
  'node_modules/fs/index.js': FOREIGN_SCRIPT,
};

/** Variables that a JavaScript runtime reads; the folder with the foreign script is the working directory. */
const VARIABLES: Readonly<Record<string, string>> = {
  LD_PRELOAD: './foreign.so',
  LD_LIBRARY_PATH: '.',
  BUN_OPTIONS: '--preload ./foreign.js',
  BUN_BE_BUN: '1',
  BUN_INSPECT: 'ws://127.0.0.1:0/?wait=1',
  BUN_INSPECT_CONNECT_TO: 'ws://127.0.0.1:1',
  BUN_INSPECT_NOTIFY: 'unix:///nonexistent',
  BUN_INSPECT_PRELOAD: './foreign.js',
  BUN_CONFIG_VERBOSE_FETCH: 'curl',
  BUN_CONFIG_REGISTRY: 'http://127.0.0.1:1',
  BUN_CONFIG_DISABLE_COPY_FILE_RANGE: '1',
  BUN_BYTECODE_ORDER_OUT: 'written',
  BUN_BYTECODE_ORDER_NAMES_OUT: 'written',
  BUN_BYTECODE_DIGEST_OUT: 'written',
  BUN_WATCHER_TRACE: 'written',
  BUN_TRACE: 'written',
  BUN_THREADPOOL_STATS: '1',
  BUN_RUNTIME_TRANSPILER_CACHE_PATH: '.',
  BUN_DESTRUCT_VM_ON_EXIT: '1',
  BUN_GARBAGE_COLLECTOR_LEVEL: '2',
  BUN_FEATURE_FLAG_INTERNAL_FOR_TESTING: '1',
  BUN_TMPDIR: '.',
  BUN_ENV: 'production',
  NODE_ENV: 'production',
  NODE_OPTIONS: '--require ./foreign.js',
  NODE_PATH: './node_modules',
  NODE_EXTRA_CA_CERTS: '/nonexistent',
  NODE_CHANNEL_FD: '1',
  NODE_CHANNEL_SERIALIZATION_MODE: 'advanced',
  NODE_UNIQUE_ID: '1',
  NODE_COMPILE_CACHE: '.',
  NODE_V8_COVERAGE: '.',
  NODE_REDIRECT_WARNINGS: 'written',
  NODE_DEBUG: 'fs,child_process,net',
  NODE_PENDING_DEPRECATION: '1',
  NODE_PRESERVE_SYMLINKS: '1',
  NODE_TLS_REJECT_UNAUTHORIZED: '0',
};

describe('a file in the working directory changes nothing', () => {
  it.each(Object.keys(FILES))('%s', async (name) => {
    const folder = folderWithScript();
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), FILES[name] ?? '');
    await expectUnchanged(folder, {});
  });

  it('nor do all of them together', async () => {
    const folder = folderWithScript();
    mkdirSync(join(folder, 'node_modules/fs'), { recursive: true });
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
    await expectUnchanged(folder, {});
  });
});

describe('a variable of the JavaScript runtime changes nothing', () => {
  it.each(Object.entries(VARIABLES))('%s=%s', async (name, value) => {
    await expectUnchanged(folderWithScript(), { [name]: value });
  });

  it('nor do all of them together', async () => {
    await expectUnchanged(folderWithScript(), VARIABLES);
  });
});

/** A folder with nothing but the foreign script. */
function folderWithScript(): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'foreign.js'), FOREIGN_SCRIPT);
  return folder;
}

async function expectUnchanged(folder: string, environment: Readonly<Record<string, string>>): Promise<void> {
  const before = readdirSync(folder, { recursive: true }).sort();
  expect(await call(loopback, environment, { cwd: folder })).toEqual(reference);
  expect(readdirSync(folder, { recursive: true }).sort()).toEqual(before);
}
