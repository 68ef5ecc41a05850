import { host } from '../host.ts';

/** What `uname` fills: six texts of this size; the second is the host's name. */
const FIELD_BYTES = 65;
const FIELDS = 6;

/** `os.hostname`. */
export function hostname(): string {
  const buffer = new Uint8Array(FIELD_BYTES * FIELDS);
  host.libc('uname')(buffer);
  const name = buffer.subarray(FIELD_BYTES, 2 * FIELD_BYTES);
  return host.decode(name.subarray(0, name.indexOf(0)));
}

/** `os.tmpdir`. */
export function tmpdir(): string {
  const { TMPDIR, TMP, TEMP } = process.env;
  const found = TMPDIR || TMP || TEMP || '/tmp';
  return found.length > 1 && found.endsWith('/') ? found.slice(0, -1) : found;
}
