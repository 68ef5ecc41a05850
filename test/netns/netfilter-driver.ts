// Runs pkg/netfilter in the network and mount namespaces it is started in, with the runtime of the real plugins.
// Its argument is a list of calls, which it does one after another; it prints one outcome for each.

import { masqueradeProblem } from '../../pkg/netfilter/backend.ts';
import type { MasqueradeBackend } from '../../pkg/netfilter/backend-name.ts';
import { addMasquerade, type Masquerade, removeMasquerade } from '../../pkg/netfilter/masquerade.ts';
import { addSpoofCheck, removeSpoofCheck, type SpoofCheck } from '../../pkg/netfilter/spoof-check.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { toCniError } from '../../pkg/types/error.ts';

/** One call. */
export type DriverCall =
  | { readonly do: 'add'; readonly masquerade: Masquerade; readonly backend?: MasqueradeBackend }
  | { readonly do: 'remove'; readonly masquerade: Masquerade; readonly backends: readonly MasqueradeBackend[] }
  | { readonly do: 'add check'; readonly check: SpoofCheck }
  | { readonly do: 'remove check'; readonly check: SpoofCheck; readonly handle?: number }
  | { readonly do: 'status'; readonly backend?: MasqueradeBackend };

/** What became of it. */
export interface DriverOutcome {
  readonly output?: unknown;
  readonly msg?: string;
  readonly details?: string;
  readonly ms: number;
}

async function carryOut(call: DriverCall): Promise<unknown> {
  const context = { place: ownNetns(), timeoutMs: 20_000 };
  switch (call.do) {
    case 'add':
      return (await addMasquerade(call.masquerade, call.backend).run(context)).output;
    case 'remove':
      return (await removeMasquerade(call.masquerade, call.backends).run(context)).output;
    case 'add check':
      return (await addSpoofCheck(call.check).run(context)).output;
    case 'remove check':
      return (await removeSpoofCheck(call.check, call.handle).run(context)).output;
    case 'status':
      return masqueradeProblem(ownNetns(), call.backend);
  }
}

const outcomes: DriverOutcome[] = [];
for (const call of JSON.parse(process.argv[2] ?? '[]') as readonly DriverCall[]) {
  const started = performance.now();
  const took = (): number => Math.round((performance.now() - started) * 100) / 100;
  try {
    const output = await carryOut(call);
    outcomes.push({ output, ms: took() });
  } catch (thrown) {
    const { message, details } = toCniError(thrown);
    outcomes.push({ msg: message, details, ms: took() });
  }
}
process.stdout.write(JSON.stringify(outcomes));
