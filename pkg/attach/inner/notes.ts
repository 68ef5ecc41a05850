import type { JsonObject } from '../../skel/plugin.ts';
import type { Attachment } from '../../types/attachment.ts';
import { hostLinkName } from '../identity.ts';
import { textsIn } from '../pair/notes.ts';

/** What is noted about a link in a container before the kernel is changed. */
export interface InnerNotes {
  /** The link of the host below it; '' when that is in the container. */
  readonly master: string;
  /** How it is made: `type macvlan mode bridge`. */
  readonly type: string;
  /** What it is called on its way in. */
  readonly temporary: string;
  /** Its addresses, with prefix lengths. */
  readonly addresses: readonly string[];
  /** The `ipam` section that they came from. */
  readonly ipam?: JsonObject;
}

/** The notes in a record; what is missing or of another type is as if it had never been there. */
export function innerNotesOf(data: Readonly<JsonObject>): InnerNotes {
  const { master, type, temporary, addresses, ipam } = data;
  return {
    master: typeof master === 'string' ? master : '',
    type: typeof type === 'string' ? type : '',
    temporary: typeof temporary === 'string' ? temporary : '',
    addresses: textsIn(addresses),
    ...(typeof ipam === 'object' && ipam !== null ? { ipam: ipam as JsonObject } : {}),
  };
}

/** What a link may be called as long as it has not its own name: as always, and otherwise where that was taken. */
export function temporaryNames(name: Attachment, notes: InnerNotes | undefined): readonly string[] {
  const derived = hostLinkName(name);
  return notes === undefined || notes.temporary === derived ? [derived] : [derived, notes.temporary];
}
