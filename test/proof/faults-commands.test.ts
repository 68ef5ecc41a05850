import { afterAll, test } from 'vitest';
import { COMMAND_FAULTS, type CommandFault } from './faults-acts.ts';
import { type Fakes, makeFakes } from './faults-commands.ts';
import { removeImpatientFolder } from './faults-impatient.ts';
import { proveAll } from './faults-run.ts';

const LASTING: readonly CommandFault[] = ['is missing', 'always hangs'];

const all: Fakes[] = [];
afterAll(() => {
  for (const fakes of all) fakes.remove();
  removeImpatientFolder();
});

test('whatever a program does, every call ends well or leaves nothing', async () => {
  // What hangs is waited for most of the time.
  await proveAll('DEL', 2, 6, async (slot, scene) => {
    const fakes = makeFakes();
    all.push(fakes);
    const result = slot.verb === 'DEL' ? await scene.succeed('ADD') : undefined;
    const starts = await fakes.startsOf(scene.host, scene.plugin, scene.call(slot.verb, result));
    if (slot.verb === 'ADD') await scene.succeed('DEL');
    await scene.afterDel();
    return starts.flatMap((start) => {
      // Some faults are those of a program for all of a call.
      const faults = COMMAND_FAULTS.filter((fault) => start.ordinal === 1 || !LASTING.includes(fault));
      return faults.map((fault) => ({
        kind: `${start.program} ${fault}`,
        what: `${start.program} ${start.ordinal} ${fault}: ${start.argv}`,
        call: (on, verb, given) => fakes.callWith(on.host, on.plugin, on.call(verb, given), start, fault),
      }));
    });
  });
});
