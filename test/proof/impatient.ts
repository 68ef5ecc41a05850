// The suite with a thirtieth of its patience, as an executable of its own: what hangs need not be waited for so long.
import '../../main.ts';
import { PATIENCE } from '../../pkg/sys/process/patience.ts';

/** How much faster it loses its patience. */
const HASTE = 30;

for (const [what, ms] of Object.entries(PATIENCE)) Object.assign(PATIENCE, { [what]: ms / HASTE });
// What happens last is done by real programs, which need their time on a busy machine.
Object.assign(PATIENCE, { last: 1_000, undo: 2_000 });
Object.assign(globalThis, { CNI_TS_VERSION: 'impatient', CNI_TS_COMMIT: 'unknown' });
