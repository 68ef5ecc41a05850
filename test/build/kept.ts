// In the picture of the program that picture-driver.ts is.

/** Things of every kind that the engine has, made before the picture is taken. */
export function things() {
  class Pair {
    first = { x: 1, y: 2 };
    second = { x: 1, y: 2 };
    both = () => this.first.x + this.second.x;
  }
  const text = `${'text '.repeat(3)}end`;
  const ring: { self?: unknown } = {};
  ring.self = ring;
  return {
    pair: new Pair(),
    text,
    // Nobody else has these, nor their like.
    alone: 'alone '.repeat(3),
    shrinking: { m: 1, n: 2 },
    growing: { o: 1, p: 2 },
    rope: `${text}${'-'.repeat(9000)}${text}`,
    list: [1, 'two', { three: 3 }],
    map: new Map<unknown, unknown>([['key', { value: 1 }]]),
    set: new Set(['a', text]),
    weak: new WeakMap([[ring, 'ring']]),
    bytes: Uint8Array.of(1, 2, 3),
    big: 2n ** 70n,
    symbol: Symbol.for('picture'),
    expression: /(\d+)-(\w+)/u,
    ring,
    fixed: Object.freeze({ a: 1, b: [2] }),
  };
}

export const kept = things();
