// What the program finds in the global object besides the language itself; what is rare is loaded when it is asked for.
import { childEnd } from './children.ts';
import { Decoder, Encoder } from './encoding.ts';
import { host } from './host.ts';
import { startImmediate, startTimer, stopTimer, turn, watch } from './loop.ts';
import { beginProcess, process } from './process.ts';

let started = 0;

Object.assign(globalThis, {
  process,
  performance: { now: () => host.now() - started },
  setTimeout: startTimer,
  clearTimeout: stopTimer,
  setImmediate: startImmediate,
  TextEncoder: Encoder,
  TextDecoder: Decoder,
});
host.watch = watch;
host.childEnd = childEnd;
host.setLoop((argv, environment) => {
  started = host.now();
  beginProcess(argv, environment);
}, turn);

// The engine's own are the same in every process that begins with the same picture.
Math.random = () => {
  const random = new Uint32Array(1);
  if (host.libc('getrandom')(random, 4, 0) !== 4) throw new Error('there are no random numbers');
  return (random[0] ?? 0) / 2 ** 32;
};

define('Buffer', 'buffer.js', 'Buffer');
define('AbortController', 'abort.js', 'Controller');

function define(name: string, module: string, exported: string): void {
  Object.defineProperty(globalThis, name, {
    configurable: true,
    get() {
      const value = (host.load(module) as Readonly<Record<string, unknown>>)[exported];
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
      return value;
    },
  });
}
