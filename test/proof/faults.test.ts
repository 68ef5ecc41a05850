import { test } from 'vitest';
import { callWithFault, faultsOf, pointsOf } from './faults-points.ts';
import { proveAll } from './faults-run.ts';

test('whatever the kernel refuses, every call ends well or leaves nothing', async () => {
  // The kernel is waited for much of the time.
  await proveAll('ADD', 2, 4, async (slot, scene) => {
    const result = slot.verb === 'DEL' ? await scene.succeed('ADD') : undefined;
    const points = await pointsOf(scene.host, scene.plugin, scene.call(slot.verb, result));
    if (slot.verb === 'ADD') await scene.succeed('DEL');
    await scene.afterDel();
    const faults = points.flatMap((point) => faultsOf(point, slot.verb));
    return faults.map((fault) => ({
      kind: fault.point.kind,
      what: `${fault.point.kind} ${fault.errno} at ${fault.point.call} ${fault.point.ordinal}: ${fault.point.line}`,
      call: (on, verb, given) => callWithFault(on.host, on.plugin, on.call(verb, given), fault),
    }));
  });
});
