import { isObject } from '../../pkg/json/decode.ts';
import type { JsonObject } from '../../pkg/skel/plugin.ts';

/** What is noted about an attachment before its device is made. */
export interface TapNotes {
  readonly mac: string;
  /** The `ipam` section that the addresses came from. */
  readonly ipam?: JsonObject;
}

/** The notes in a record; what is missing or of another type is as if it had never been there. */
export function notesOf({ mac, ipam }: Readonly<JsonObject>): TapNotes {
  return { mac: typeof mac === 'string' ? mac : '', ...(isObject(ipam) ? { ipam } : {}) };
}
