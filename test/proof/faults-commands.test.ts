import { afterAll, test } from 'vitest';
import { COMMAND_FAULTS, type Fakes, makeFakes } from './faults-commands.ts';
import { proveAll } from './faults-run.ts';

const all: Fakes[] = [];
afterAll(() => {
  for (const fakes of all) fakes.remove();
});

test('whatever a program does, every call ends well or leaves nothing', async () => {
  await proveAll('DEL', 2, async (slot, scene) => {
    const fakes = makeFakes();
    all.push(fakes);
    const result = slot.verb === 'DEL' ? await scene.succeed('ADD') : undefined;
    const starts = await fakes.startsOf(scene.host, scene.plugin, scene.call(slot.verb, result));
    if (slot.verb === 'ADD') await scene.succeed('DEL');
    await scene.afterDel();
    return starts.flatMap((start) => {
      // A program is missing for all of a call.
      const faults = COMMAND_FAULTS.filter((fault) => fault !== 'is missing' || start.ordinal === 1);
      return faults.map((fault) => ({
        kind: `${start.program} ${fault}`,
        what: `${start.program} ${start.ordinal} ${fault}: ${start.argv}`,
        call: (on, verb, given) => fakes.callWith(on.host, on.plugin, on.call(verb, given), start, fault),
      }));
    });
  });
});
