import { type ProgramAhead, startAhead } from '../../pkg/netfilter/ahead.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { forgetAttachment, noteAttachment } from '../../pkg/record/attachment.ts';
import { termination } from '../../pkg/sys/process/termination.ts';
import type { Result } from '../../pkg/types/result.ts';
import type { FirewallNotes } from './notes.ts';
import { type Opening, openAction } from './open.ts';
import { type AddCall, readAdd } from './read-add.ts';

/** Opens the firewall for the container's addresses. Whatever fails, nothing of it stays. */
export async function add(call: AddCall): Promise<Result> {
  const { result, opening } = await readAdd(call);
  if (opening !== undefined) await carryOut(call, opening);
  return result;
}

async function carryOut(call: AddCall, opening: Opening): Promise<void> {
  const { environment } = call;
  const signal = termination();
  await inContainer(call.netns, async (netns) => {
    const options = { ...(await runOptions(environment, 'firewall')), signal };
    const ahead = await startProgram(opening, options);
    const { backend, zone, addresses, adminChain, separation } = opening;
    const notes: FirewallNotes = { backend, zone, addresses, adminChain, separation };
    // An ADD that was never taken down has left a note.
    const mayExist = call.records.find(call, 'firewall') !== undefined;
    // Before anything is done, so that whoever finds it half done can take it back.
    noteAttachment(call, 'firewall', netns, notes);
    try {
      await runPlan(
        new Plan().do(ownNetns(), openAction({ ...opening, mayExist }, environment, ahead), { failing: '' }),
        options,
      );
    } catch (thrown) {
      forgetAttachment(call, 'firewall');
      throw thrown;
    } finally {
      ahead?.letGo();
    }
  });
}

/** Its start takes longer than its work. */
async function startProgram({ backend, addresses }: Opening, options: RunOptions): Promise<ProgramAhead | undefined> {
  if (backend === 'firewalld') return undefined;
  if (backend === 'iptables' && !addresses.some(({ family }) => family === 4)) return undefined;
  return startAhead(ownNetns(), backend, options);
}
