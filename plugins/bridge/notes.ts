import { type PairNotes, pairNotesOf } from '../../pkg/attach/pair/notes.ts';
import type { JsonObject } from '../../pkg/skel/plugin.ts';

/** What is noted about an attachment before the kernel is changed: enough to take it down without anything else. */
export interface BridgeNotes extends PairNotes {
  readonly bridge: string;
}

/** The notes in a record; what is missing or of another type is as if it had never been there. */
export function notesOf(data: Readonly<JsonObject>): BridgeNotes {
  const { bridge } = data;
  return { ...pairNotesOf(data), bridge: typeof bridge === 'string' ? bridge : '' };
}
