/** A reader of something that others wrote, and what it is tried with. */
export interface Target {
  /** `dhcp: a message`. */
  readonly name: string;
  /** Inputs that it understands. */
  readonly seeds: readonly [Uint8Array, ...Uint8Array[]];
  /** Texts that mean something in this form. */
  readonly words?: readonly string[];
  /** Whether seeds are JSON: then many inputs are it as well, and say something else. */
  readonly isJson?: true;
  /**
   * Reads an input, and checks with {@link expectSame} whatever has to hold of what it found; `undefined` for what is
   * none of these. What is given is weighed: it may not be out of proportion to the input.
   */
  read(bytes: Uint8Array): unknown;
  /** Whether it may refuse an input by throwing this. */
  refuses?(thrown: unknown): boolean;
}

/** What a reader found is not what was written. */
export class Violation extends Error {}

/** Whether two values say the same; bytes count by what is in them. */
export function expectSame(found: unknown, wanted: unknown, what: string): void {
  const [one, other] = [shown(found), shown(wanted)];
  if (one === other) return;
  let at = 0;
  while (one[at] === other[at]) at += 1;
  const part = (text: string): string => text.slice(Math.max(0, at - 60), at + 200);
  throw new Violation(`${what}: ${part(one)} is not ${part(other)}`);
}

function shown(value: unknown): string {
  return (
    JSON.stringify(value, (_, inner: unknown) => {
      if (typeof inner === 'bigint') return `${inner}n`;
      if (inner instanceof Uint8Array) return `bytes ${inner.join(' ')}`;
      if (inner instanceof Map) return [...inner].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
      return inner;
    }) ?? 'undefined'
  );
}

/** About how much memory a value takes; counting ends at a limit. Views of the input take nothing of their own. */
export function weightOf(value: unknown, limit: number): number {
  let weight = 0;
  const visit = (inner: unknown): void => {
    weight += 1;
    if (weight > limit || inner === null) return;
    if (typeof inner === 'string') weight += inner.length;
    else if (inner instanceof Uint8Array) weight += inner.length;
    else if (typeof inner === 'object' && !(inner instanceof DataView)) {
      const isList = Array.isArray(inner) || inner instanceof Map || inner instanceof Set;
      for (const one of isList ? inner : Object.entries(inner)) {
        if (weight > limit) return;
        visit(one);
      }
    }
  };
  visit(value);
  return weight;
}

/** A text's bytes, as seeds are given. */
export function bytesOfText(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The text that bytes are, as files are read. */
export function textOfBytes(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}
