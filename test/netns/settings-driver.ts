// Started by settings.test.ts on a host, as an executable of its own. stdin: settings in order; prints for each what it
// was before, what it is after, and why it was not made.
import { readFileSync } from 'node:fs';
import { ownNetns } from '../../pkg/netns/own.ts';
import { runPlan } from '../../pkg/plan/executor.ts';
import { type ForwardingSetting, forwardingAction } from '../../pkg/plan/forwarding.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { readStdin } from '../../pkg/sys/files/stdin.ts';

/** One setting to make: what has to be on to let packets through, or any other with its value. */
export type Wanted = { readonly forwarding: ForwardingSetting } | { readonly fresh: string; readonly value: string };

/** What became of one. */
export interface Made {
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly error: string | undefined;
}

const wanted: readonly Wanted[] = JSON.parse(await readStdin());
const made: Made[] = [];
for (const one of wanted) {
  const name = 'forwarding' in one ? one.forwarding : one.fresh;
  const plan = new Plan();
  if ('forwarding' in one) plan.do(ownNetns(), forwardingAction(one.forwarding));
  else plan.sysctl(ownNetns(), one.fresh, one.value, { fresh: true });
  const before = shownOf(name);
  let error: string | undefined;
  try {
    await runPlan(plan);
  } catch (thrown) {
    error = String(thrown);
  }
  made.push({ before, after: shownOf(name), error });
}
process.stdout.write(JSON.stringify(made));

function shownOf(name: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${name}`, 'utf8').trim();
  } catch {
    return undefined;
  }
}
