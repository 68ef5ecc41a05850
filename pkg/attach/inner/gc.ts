import type { RunOptions } from '../../plan/executor.ts';
import { runOptions } from '../../plan/options.ts';
import type { AttachmentRecord } from '../../record/record.ts';
import { isAlive } from '../../record/store.ts';
import { collectRecorded, type RecordedGc } from '../gc.ts';
import { innerNotesOf, temporaryNames } from './notes.ts';
import { removeInner } from './remove.ts';

/** Removes what no valid attachment of this network has: links in containers that are still there, then leases. */
export async function gcInner(call: RecordedGc, kind: string): Promise<void> {
  const options = await runOptions(call.environment, kind);
  const warn = (line: string): void => call.warn(`${kind}: ${line}`);
  const remove = (record: AttachmentRecord): Promise<void> => removeRecorded(record, options, warn);
  await collectRecorded(call, { plugin: kind, done: 'removed', remove });
}

/** A link goes with its namespace, so there is something to do only where that is still there. */
async function removeRecorded(
  record: AttachmentRecord,
  options: RunOptions,
  warn: (line: string) => void,
): Promise<void> {
  if (isAlive(record) !== 'alive') return;
  const { plugin: kind, netns } = record;
  const temporary = temporaryNames(record, innerNotesOf(record.data));
  await removeInner({ kind, name: record, netns: netns.path, temporary, onlyMarked: true }, options, warn);
}
