// Started by picture.test.ts, as an executable with a picture: uses and changes what is in it while cycles are collected,
// beside the same things made now. Prints whether both are the same, and how many of many cycles were collected.
import { kept, things } from './kept.ts';

const CYCLES = 400_000;

/** Uses and changes things in every way that the engine treats apart when nobody else has them; gives what comes out. */
function use(all: ReturnType<typeof things>): unknown {
  const {
    pair,
    text,
    alone,
    shrinking,
    growing,
    rope,
    list,
    map,
    set,
    weak,
    bytes,
    big,
    symbol,
    expression,
    ring,
    fixed,
  } = all;
  let longer = text;
  for (let count = 0; count < 20; count++) longer += count;
  let grown = alone;
  grown += '!';
  const alike = [
    { m: 1, n: 2 },
    { o: 1, p: 2 },
    { x: 1, y: 2 },
  ];
  Object.assign(growing, { z: 3 });
  Object.assign(pair.first, { z: 3 });
  Reflect.deleteProperty(shrinking, 'm');
  Reflect.deleteProperty(pair.second, 'x');
  list.push(longer);
  list.splice(1, 1);
  map.set(longer, pair);
  map.delete('key');
  set.delete('a');
  set.add(longer);
  const key = {};
  weak.set(key, longer);
  bytes[0] = 9;
  Array.prototype.push.call(ring, longer);
  const wasFixed = Reflect.set(fixed, 'a', 2);
  const found = expression.exec('12-ab')?.slice(1);
  const texts = [text, rope.length, rope.slice(0, 20), rope.slice(-20), longer];
  const ofWeak = [weak.get(ring), weak.get(key), weak.has({})];
  const others = [
    grown,
    alone,
    alike,
    shrinking,
    growing,
    [...set],
    [...bytes],
    String(big * big),
    symbol.description,
    found,
    wasFixed,
    ring.self === ring,
  ];
  return [pair, texts, list, [...map.keys()], ofWeak, others, String(pair.both())];
}

let collected = 0;
const registry = new FinalizationRegistry(() => {
  collected++;
});
function makeCycles(count: number): void {
  for (let made = 0; made < count; made++) {
    const cycle: { self?: unknown; of?: unknown } = { of: [kept.pair, kept.text, kept.fixed] };
    cycle.self = cycle;
    if (made % 1000 === 0) registry.register(cycle, undefined);
  }
}

makeCycles(CYCLES / 2);
const [inPicture, made] = [kept, things()].map((all) => JSON.stringify(use(all)));
makeCycles(CYCLES / 2);
setTimeout(() => {
  process.stdout.write(JSON.stringify({ inPicture, made, collected }));
}, 10);
