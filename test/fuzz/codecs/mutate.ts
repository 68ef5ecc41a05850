import type { Random } from '../../hostile/input/random.ts';

/** Numbers that lengths and counts break at. */
const NUMBERS: readonly [number, ...number[]] = [
  0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xfffc, 0xffff, 0x1_0000, 0x7fff_ffff,
  0x8000_0000, 0xffff_fff0, 0xffff_ffff,
];

/** One input in so many is made long, so that what takes more than proportional time shows. */
const LONG_ONES = 400;
const LONG_BYTES = 64 * 1024;

/** An input made of good ones: changed in a few places, cut, doubled, joined with another, now and then very long. */
export function mutated(
  random: Random,
  seeds: readonly [Uint8Array, ...Uint8Array[]],
  words: readonly Uint8Array[],
): Uint8Array {
  let bytes: Uint8Array = random.pick(seeds).slice();
  for (let left = 1 + random.below(4); left > 0; left--) bytes = changed(random, bytes, seeds, words);
  return random.below(LONG_ONES) === 0 ? longOf(random, bytes) : bytes;
}

function changed(
  random: Random,
  bytes: Uint8Array,
  seeds: readonly [Uint8Array, ...Uint8Array[]],
  words: readonly Uint8Array[],
): Uint8Array {
  const { length } = bytes;
  const at = random.below(length + 1);
  const end = at + random.below(Math.min(64, length - at) + 1);
  switch (random.below(11)) {
    case 0:
      if (at < length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      return bytes;
    case 1:
      if (at < length) bytes[at] = random.below(256);
      return bytes;
    case 2:
    case 3:
    case 4:
      return withNumber(random, bytes);
    case 5:
      return bytes.slice(0, at);
    case 6:
      return joined(bytes.subarray(0, at), bytes.subarray(end));
    case 7:
      return joined(bytes.subarray(0, end), bytes.subarray(at));
    case 8: {
      const other = random.pick(seeds);
      return joined(bytes.subarray(0, at), other.subarray(random.below(other.length + 1)));
    }
    case 9: {
      const word = words[random.below(words.length)] ?? Uint8Array.of(random.below(256), random.below(256));
      return joined(bytes.subarray(0, at), word, bytes.subarray(random.chance(0.5) ? at : end));
    }
    default: {
      const fresh = Uint8Array.from({ length: random.below(24) }, () => random.below(256));
      return joined(bytes.subarray(0, at), fresh, bytes.subarray(at));
    }
  }
}

/** A number of one, two or four bytes in another's place, of either order, mostly where a length would stand. */
function withNumber(random: Random, bytes: Uint8Array): Uint8Array {
  const size = random.pick([1, 2, 2, 4]);
  if (bytes.length < size) return bytes;
  const place = random.below(bytes.length - size + 1);
  const at = random.chance(0.7) ? place & ~3 : place;
  const number = random.chance(0.8) ? random.pick(NUMBERS) : bytes.length - at;
  const isLittle = random.chance(0.6);
  for (let index = 0; index < size; index++) {
    bytes[at + index] = (number >>> (8 * (isLittle ? index : size - 1 - index))) & 255;
  }
  return bytes;
}

/** A piece over and over. */
function longOf(random: Random, bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) return bytes;
  const at = random.below(bytes.length);
  const piece = bytes.subarray(at, at + 1 + random.below(Math.min(64, bytes.length - at)));
  const middle = new Uint8Array(LONG_BYTES - (LONG_BYTES % piece.length));
  for (let place = 0; place < middle.length; place += piece.length) middle.set(piece, place);
  return joined(bytes.subarray(0, at), middle, bytes.subarray(at));
}

function joined(...pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
