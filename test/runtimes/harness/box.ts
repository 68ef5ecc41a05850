import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { PluginName } from '../../../plugins/names.ts';
import type { Host } from '../../netns/harness/host.ts';
import type { Conflist } from '../../netns/harness/libcni-conf.ts';
import type { Outcome } from '../../netns/harness/place.ts';
import { BUILT_PLUGINS } from '../../netns/harness/plugin.ts';
import { useHost } from '../../netns/harness/use.ts';
import { type Recorder, recordPlugins } from './recorder.ts';
import { STAYS } from './stays.ts';

/** Where runtimes look for plugins and for lists when nobody tells them otherwise. */
const PLUGIN_FOLDER = '/opt/cni/bin';
const CONF_FOLDER = '/etc/cni/net.d';

/** Everything of a runtime's own; snapshots do not look there. */
export const STATE = '/var/lib/runtime';

/** A node with a container runtime's folders: the plugins and lists are where a node has them. */
export interface Box extends Host {
  /** Puts a list into the folder of lists, if there is one, and takes all others away. */
  configure(list: Conflist | undefined): void;
  /** Runs a program that has to succeed, and gives what it printed. */
  succeed(argv: readonly string[], env?: Readonly<Record<string, string>>): Promise<string>;
}

/** A box for the tests of a file; after each of them it has to be as before, but for what the runtime keeps for itself. */
export async function useBox(purpose: string): Promise<Box> {
  const box = await useEmptyBox(purpose);
  await box.succeed(['mount', '--bind', BUILT_PLUGINS, PLUGIN_FOLDER]);
  await box.succeed(['rm', '-rf', '/run/mount']);
  return box;
}

/** The same in which the calls of these plugins are written down. */
export async function useRecordedBox(purpose: string, recorded: readonly PluginName[]): Promise<[Box, Recorder]> {
  const box = await useEmptyBox(purpose);
  return [box, recordPlugins(box, PLUGIN_FOLDER, STATE, recorded)];
}

/** A box without plugins. */
async function useEmptyBox(purpose: string): Promise<Box> {
  const host = await useHost({ purpose: `cni-ts-${purpose}`, forContainers: true, mayStay: STAYS });
  for (const folder of [PLUGIN_FOLDER, CONF_FOLDER, join(STATE, 'tmp')]) {
    // What this machine has there is hidden, not removed.
    rmSync(host.root + folder, { recursive: true, force: true });
    mkdirSync(host.root + folder, { recursive: true });
  }
  return {
    ...host,
    get pods() {
      return host.pods;
    },
    configure(list) {
      // The folder itself is what runtimes watch.
      const folder = host.root + CONF_FOLDER;
      for (const name of readdirSync(folder)) rmSync(join(folder, name));
      if (list !== undefined) writeFileSync(`${folder}/10-${list.name}.conflist`, JSON.stringify(list, null, 2));
    },
    async succeed(argv, env = {}) {
      const outcome = await host.run(argv, { env, timeoutMs: 60_000 });
      expect(outcome.exitCode, complaintOf(argv, outcome)).toBe(0);
      return outcome.stdout;
    },
  };
}

function complaintOf(argv: readonly string[], { stdout, stderr }: Outcome): string {
  return `${argv.join(' ')}: ${stdout}${stderr}`;
}
