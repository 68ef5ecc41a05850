// What the program finds in the global object besides the language itself; what is rare is loaded when it is asked for.
import { childEnd } from './children.ts';
import { Decoder, Encoder } from './encoding.ts';
import { host } from './host.ts';
import { startImmediate, startTimer, stopTimer, turn, watch } from './loop.ts';
import { process } from './process.ts';

const started = host.now();

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
host.setTurn(turn);

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
