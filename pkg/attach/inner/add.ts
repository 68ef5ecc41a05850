import { inContainer } from '../../netns/container.ts';
import type { PlanRun } from '../../plan/executor.ts';
import { runOptions } from '../../plan/options.ts';
import { PlanError } from '../../plan/plan-error.ts';
import type { AttachmentCall } from '../../skel/plugin.ts';
import { termination } from '../../sys/process/termination.ts';
import type { Result } from '../../types/result.ts';
import { type AddContext, AddTransaction, isNameTaken } from '../add-transaction.ts';
import { randomLinkName } from '../identity.ts';
import type { ShownLink } from '../links.ts';
import type { InnerKind } from './kind.ts';
import { lookAround } from './look.ts';
import type { InnerNotes } from './notes.ts';
import { explained } from './refused.ts';
import { resultOf } from './result.ts';
import { type InnerLink, MADE, planLink, planUse } from './steps.ts';

/** Puts a link into the container. Whatever fails, nothing of it stays. */
export async function addInner<Conf>(call: AttachmentCall<Conf>, kind: InnerKind<Conf>): Promise<Result> {
  const settings = kind.settingsOf(call);
  return inContainer(call.netns, async (netns) => {
    const options = { ...(await runOptions(call.environment, kind.name)), signal: termination() };
    const { link, master } = await lookAround(call, kind, settings, netns, options);
    return addWith({ call, plugin: kind.name, netns, options }, link, master);
  });
}

/** The link comes before its addresses: dhcp asks for them through it. */
async function addWith(context: AddContext, link: InnerLink, master: ShownLink | undefined): Promise<Result> {
  const { call, options } = context;
  const { settings } = link;
  const transaction = new AddTransaction(context);
  try {
    return await transaction.complete(async () => {
      const made = await makeLink(transaction, link);
      const leased = settings.ipam === '' ? settings.given : await transaction.lease(settings.ipam);
      transaction.note(notesFor(link, leased));
      await transaction.run(await planUse(link, leased, options));
      const [shown] = made.captures.get(MADE) as readonly ShownLink[];
      return resultOf(call, settings, shown?.address, leased);
    });
  } catch (thrown) {
    if (!(thrown instanceof PlanError)) throw thrown;
    throw await explained(thrown, link, master, call.records);
  }
}

async function makeLink(transaction: AddTransaction, link: InnerLink): Promise<PlanRun> {
  transaction.note(notesFor(link, undefined));
  try {
    return await transaction.run(planLink(link));
  } catch (thrown) {
    if (!isNameTaken(thrown)) throw thrown;
    // The name on the way in is somebody's; the second one is as good as nobody's.
    const again = { ...link, temporary: randomLinkName() };
    transaction.note(notesFor(again, undefined));
    return transaction.run(planLink(again));
  }
}

/** Written before anything is done, so that whoever finds it half done can take it down. */
function notesFor({ master, temporary, settings }: InnerLink, leased: Result | undefined): InnerNotes {
  return {
    master: settings.below?.inContainer === true ? '' : master,
    type: settings.type.words.join(' '),
    temporary,
    addresses: (leased?.ips ?? []).map(({ address }) => address),
  };
}
