import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { PLUGIN_NAMES, type PluginName } from '../../../plugins/names.ts';
import { ROOT } from '../../../scripts/lib/project.ts';
import type { Host } from '../../netns/harness/host.ts';
import { BUILT_PLUGINS } from '../../netns/harness/plugin.ts';
import { type RecordedStep, type Recording, recordingFile } from '../../protocol/recording.ts';
import { type FoundCall, inSteadyOrder, withSteadyNames } from './steady.ts';

/** Writes down the calls of plugins in a box. */
export interface Recorder {
  /** Does something with a runtime, and notes the calls that come of it under that name. */
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Leaves out what has been called since the last step. */
  forget(): void;
  /** Compares everything with the recording of that name, or writes it anew where vitest updates snapshots. */
  expectRecorded(name: string, runtime: string): Promise<void>;
}

const SCRIPT = join(ROOT, 'test/runtimes/harness/recorder.sh');

/**
 * Fills the folder of plugins so that these are recorded. All others, those that a recorded one calls among them, are
 * the plugins themselves.
 */
export function recordPlugins(host: Host, folder: string, state: string, recorded: readonly PluginName[]): Recorder {
  const calls = join(state, 'calls');
  const steps: { step: string; calls: readonly FoundCall[] }[] = [];
  mkdirSync(host.root + calls, { recursive: true });
  const script = readFileSync(SCRIPT, 'utf8').replace('@CALLS@', calls).replace('@PLUGINS@', BUILT_PLUGINS);
  const recorder = join(folder, '.recorder');
  writeFileSync(host.root + recorder, script);
  chmodSync(host.root + recorder, 0o755);
  for (const name of PLUGIN_NAMES) {
    symlinkSync(recorded.includes(name) ? '.recorder' : join(BUILT_PLUGINS, name), host.root + join(folder, name));
  }
  return {
    async step(step, work) {
      const done = await work();
      const found = takeCalls(host.root + calls);
      for (const { plugin, variables, answer } of found) {
        expect(answer, `${step}: ${plugin} ${variables['CNI_COMMAND']}`).toEqual({ status: 0, stderr: '' });
      }
      steps.push({ step, calls: found });
      return done;
    },
    forget() {
      takeCalls(host.root + calls);
    },
    async expectRecorded(name, runtime) {
      const recorded: readonly RecordedStep[] = steps.map(({ step, calls: found }) => {
        return { step, calls: inSteadyOrder(found).map(({ answer: _, ...call }) => call) };
      });
      steps.length = 0;
      const text = withSteadyNames(textOf({ runtime, steps: recorded }));
      await expect(text).toMatchFileSnapshot(recordingFile(name));
    },
  };
}

/** JSON with a line for each call. */
function textOf({ runtime, steps }: Recording): string {
  const lines = steps.map(({ step, calls }) => {
    const list = calls.map((call) => `\n    ${JSON.stringify(call)}`).join(',');
    return `\n  {"step": ${JSON.stringify(step)}, "calls": [${list}]}`;
  });
  return `{"runtime": ${JSON.stringify(runtime)}, "steps": [${lines.join(',')}]}\n`;
}

/** The calls since the last time, in the order in which they began. */
function takeCalls(folder: string): readonly FoundCall[] {
  return readdirSync(folder)
    .sort()
    .map((name) => {
      const read = (file: string) => readFileSync(join(folder, name, file), 'utf8');
      const variables = read('environment').trim().split('\n').sort();
      const call: FoundCall = {
        plugin: read('plugin').trim(),
        variables: Object.fromEntries(variables.map((line) => [line.replace(/=.*/, ''), line.replace(/^[^=]*=/, '')])),
        stdin: JSON.parse(read('stdin')) as FoundCall['stdin'],
        answer: { status: Number(read('status')), stderr: read('stderr') },
      };
      rmSync(join(folder, name), { recursive: true });
      return call;
    });
}
