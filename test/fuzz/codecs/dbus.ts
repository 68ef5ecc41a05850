import { DamagedMessage, decodeReply, encodeCall, type MethodCall, messageLength } from '../../../pkg/dbus/message.ts';
import { bytesOfText, type Target } from './target.ts';

const CALL: MethodCall = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
  member: 'NameHasOwner',
  args: ['org.fedoraproject.FirewallD1', 'trusted'],
};

/** A message as a bus writes it, of either byte order: fields by their codes, each with its type. */
function written(
  kind: number,
  isLittle: boolean,
  fields: readonly (readonly [code: number, type: 'g' | 's' | 'u', value: string | number])[],
  body: readonly number[],
): Uint8Array {
  const bytes: number[] = [isLittle ? 0x6c : 0x42, kind, 0, 1, ...Array<number>(12).fill(0)];
  const number = (value: number): number[] => {
    const four = [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24];
    return isLittle ? four : four.reverse();
  };
  const align = (to: number): void => {
    while (bytes.length % to !== 0) bytes.push(0);
  };
  for (const [code, type, value] of fields) {
    align(8);
    bytes.push(code, 1, type.charCodeAt(0), 0);
    if (typeof value === 'number') bytes.push(...number(value));
    else bytes.push(...(type === 'g' ? [value.length] : number(value.length)), ...bytesOfText(value), 0);
  }
  bytes.splice(12, 4, ...number(bytes.length - 16));
  align(8);
  bytes.push(...body);
  bytes.splice(4, 4, ...number(body.length));
  return Uint8Array.from(bytes);
}

const replies: Target = {
  name: 'dbus: replies',
  seeds: [
    written(
      2,
      true,
      [
        [5, 'u', 7],
        [6, 's', ':1.7'],
        [8, 'g', 's'],
      ],
      [2, 0, 0, 0, 0x68, 0x69, 0],
    ),
    written(
      2,
      false,
      [
        [5, 'u', 7],
        [8, 'g', 'b'],
      ],
      [0, 0, 0, 1],
    ),
    written(
      3,
      true,
      [
        [4, 's', 'org.fedoraproject.FirewallD1.Exception'],
        [5, 'u', 9],
        [8, 'g', 's'],
      ],
      [1, 0, 0, 0, 0x78, 0],
    ),
    written(2, true, [[5, 'u', 3]], []),
    joinedTwice(written(2, true, [[5, 'u', 3]], [])),
  ],
  words: ['org.freedesktop.DBus', 'sss', 'a{sv}'],
  read(bytes) {
    const length = messageLength(bytes);
    if (length === undefined || length > bytes.length) return undefined;
    return decodeReply(bytes.slice(0, length));
  },
  refuses: (thrown) => thrown instanceof DamagedMessage,
};

function joinedTwice(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from([...bytes, ...bytes]);
}

const calls: Target = {
  name: 'dbus: calls',
  seeds: [bytesOfText('ö'), bytesOfText('public'), bytesOfText('')],
  read(bytes) {
    const arg = new TextDecoder().decode(bytes);
    const call = encodeCall({ ...CALL, args: [arg, 'trusted'] }, 5);
    // A bus answers with the argument: what was written of it is read.
    call[1] = 2;
    const length = messageLength(call);
    if (length !== call.length) throw new Error(`${call.length} bytes with a length of ${length}`);
    if (decodeReply(call)?.value !== new TextDecoder().decode(new TextEncoder().encode(arg))) {
      throw new Error('another argument');
    }
    return call;
  },
};

/** Readers of what a message bus says. */
export const DBUS_TARGETS: readonly Target[] = [replies, calls];
