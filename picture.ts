// What is in the picture of memory that the executable begins with: the whole suite but the tool for people, and what
// the engine and zod otherwise make when it is first asked for.
import './main.ts';
import { makeReady } from './pkg/config/made-ready.ts';
import { PLUGIN_NAMES } from './plugins/names.ts';
import { pluginNamed } from './plugins/table.ts';

/** Objects whose prototypes have no names. */
const NAMELESS = [
  [].values(),
  new Map().values(),
  new Set().values(),
  ''.matchAll(/./g),
  (function* () {})(),
  async () => {},
  (async function* () {})(),
];

/** Looks at every property of an object and of those that it leads to: the engine makes a built-in function then. */
function lookAtAll(thing: unknown, seen: Set<unknown>): void {
  if ((typeof thing !== 'object' && typeof thing !== 'function') || thing === null || seen.has(thing)) return;
  seen.add(thing);
  lookAtAll(Object.getPrototypeOf(thing), seen);
  for (const { value, get } of Object.values(Object.getOwnPropertyDescriptors(thing))) lookAtAll(value ?? get, seen);
}

// These are loaded when they are first asked for, too.
const LOADED = [Buffer, process.getBuiltinModule('node:crypto')];
lookAtAll([globalThis, NAMELESS, LOADED], new Set());
for (const name of PLUGIN_NAMES) {
  const schema = pluginNamed(name)?.config;
  if (schema !== undefined) makeReady(schema);
}
