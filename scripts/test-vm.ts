// npm run test:vm [-- ARGS…]: the tests in test/vm, in a virtual machine; ARGS are vitest's.
import { print, seconds, style } from './lib/print.ts';
import { runVitestInGuest } from './lib/vm/vitest.ts';

const outcome = await runVitestInGuest(process.argv.slice(2));
print(`${outcome.passed} passed, ${outcome.failed} failed in ${seconds(outcome.milliseconds)}`);
if (outcome.problem !== undefined) print(style('red', outcome.problem));
process.exitCode = outcome.failed === 0 ? 0 : 1;
