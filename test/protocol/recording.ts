import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../scripts/lib/project.ts';

/** One call of a plugin as a runtime made it; names that differ from run to run are replaced by others of their kind. */
export interface RecordedCall {
  readonly plugin: string;
  /** The variables of the protocol, all that there were. */
  readonly variables: Readonly<Record<string, string>>;
  /** The document on stdin, keys in their order and their letter case. */
  readonly stdin: Readonly<Record<string, unknown>>;
}

/** What a person or kubelet asked a runtime for, and the calls that came of it. */
export interface RecordedStep {
  readonly step: string;
  readonly calls: readonly RecordedCall[];
}

/** A file of `test/protocol/recorded`, written by `npm run record:runtimes`. */
export interface Recording {
  readonly runtime: string;
  readonly steps: readonly RecordedStep[];
}

const FOLDER = join(ROOT, 'test/protocol/recorded');

/** The path of a recording. */
export function recordingFile(name: string): string {
  return join(FOLDER, `${name}.json`);
}

/** All recordings by their names. */
export function recordings(): readonly (readonly [name: string, recording: Recording])[] {
  const names = readdirSync(FOLDER).map((file) => file.replace(/\.json$/, ''));
  return names.map((name) => [name, JSON.parse(readFileSync(recordingFile(name), 'utf8')) as Recording]);
}
