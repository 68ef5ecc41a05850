// npm run demo: shows a person what the suite does, in throwaway network namespaces.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { LOOPBACK_CONF, loopbackEnvironment } from './lib/loopback.ts';
import { megabytes, print, style } from './lib/print.ts';
import { ROOT } from './lib/project.ts';
import { createNetns, type ThrowawayNetns } from './lib/throwaway.ts';

const loopback = join(ROOT, 'dist/bin/loopback');

build();
const containers = [createNetns('demo'), createNetns('demo')];
print(`\n${style('bold', 'Two containers')}, as far as the network is concerned: two new network namespaces.`);
print(style('dim', containers.map(({ path }) => `  ${path}`).join('\n')));
print(`\n${style('bold', 'A runtime calls loopback')} for each, with this configuration on its stdin:`);
print(style('dim', `  ${LOOPBACK_CONF}`));
for (const [index, netns] of containers.entries()) {
  print(`\n${style('bold', `Container ${index + 1}`)}`);
  showLink('before', netns);
  await setImmediate(); // Calls block, for exact times: here Ctrl-C gets its turn.
  const result = callPlugin('ADD', netns, LOOPBACK_CONF);
  print(style('dim', indent(JSON.stringify(JSON.parse(result), null, 2))));
  showLink('after ADD', netns);
  const withResult = JSON.stringify({ ...JSON.parse(LOOPBACK_CONF), prevResult: JSON.parse(result) });
  callPlugin('CHECK', netns, withResult);
  callPlugin('DEL', netns, withResult);
  showLink('after DEL', netns);
}
print(style('dim', '\nTimes are whole processes, from the call until the plugin has ended.'));
print(`Both namespaces are removed now; nothing else was touched.`);

function build(): void {
  print('Building …');
  const { status, stdout, stderr } = run('node', ['scripts/run.mjs', 'scripts/build.ts']);
  if (status !== 0) throw new Error(`the build failed\n${stdout}${stderr}`);
  print(`${style('green', '✓')} one executable of ${megabytes(statSync(loopback).size)} for all plugins, in dist/bin`);
}

/** Calls loopback as a runtime does, prints how long it took, and returns what it printed. */
function callPlugin(verb: string, netns: ThrowawayNetns, conf: string): string {
  const start = performance.now();
  const { status, stdout, stderr } = run(loopback, [], { env: loopbackEnvironment(verb, netns), input: conf });
  const milliseconds = performance.now() - start;
  if (status !== 0) throw new Error(`${verb} ended with ${status}: ${stdout}${stderr}`);
  print(`  ${style('green', '✓')} ${style('bold', verb.padEnd(5))} ${style('cyan', `${milliseconds.toFixed(1)} ms`)}`);
  return stdout;
}

function showLink(when: string, { name }: ThrowawayNetns): void {
  const [link] = JSON.parse(run('ip', ['-n', name, '-j', 'addr', 'show', 'lo']).stdout) as readonly {
    readonly flags: readonly string[];
    readonly addr_info: readonly { readonly local: string; readonly prefixlen: number }[];
  }[];
  const state = link?.flags.includes('UP') ? style('green', 'up') : style('yellow', 'down');
  const addresses = link?.addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`) ?? [];
  print(`  lo ${when}: ${[state, ...addresses].join(' ')}`);
}

function run(command: string, args: readonly string[], options: { env?: NodeJS.ProcessEnv; input?: string } = {}) {
  const outcome = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8', ...options });
  // Ctrl-C reaches every process of the terminal; the one that was waited for is the first to end of it.
  if (outcome.signal === 'SIGINT') process.exit(130);
  return outcome;
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ');
}
