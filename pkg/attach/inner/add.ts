import { inContainer } from '../../netns/container.ts';
import { type PlanRun, type RunOptions, runPlan } from '../../plan/executor.ts';
import { runOptions } from '../../plan/options.ts';
import { PlanError } from '../../plan/plan-error.ts';
import { noteAttachment } from '../../record/attachment.ts';
import { RECORDED } from '../../record/recorded.ts';
import type { AttachmentCall } from '../../skel/plugin.ts';
import { termination } from '../../sys/process/termination.ts';
import type { Result } from '../../types/result.ts';
import { randomLinkName } from '../identity.ts';
import type { ShownLink } from '../links.ts';
import { rawIpamOf } from '../release.ts';
import { takeBack } from '../take-back.ts';
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
    return addWith({ call, link, options }, master);
  });
}

interface Work {
  readonly call: AttachmentCall<unknown>;
  readonly link: InnerLink;
  readonly options: RunOptions;
}

/** The link comes before its addresses: dhcp asks for them through it. */
async function addWith(work: Work, master: ShownLink | undefined): Promise<Result> {
  const { call, link, options } = work;
  const { settings } = link;
  const runs: PlanRun[] = [];
  let leasedFrom: string | undefined;
  try {
    const made = await makeLink(work);
    runs.push(made);
    let leased = settings.given;
    if (settings.ipam !== '') {
      note(work, undefined);
      const request = { type: settings.ipam, config: call.configText, environment: RECORDED };
      leased = await call.delegate.add(request);
      leasedFrom = settings.ipam;
    }
    note(work, leased);
    runs.push(await runPlan(await planUse(link, leased, options), options));
    const [shown] = made.captures.get(MADE) as readonly ShownLink[];
    return resultOf(call, settings, shown?.address, leased);
  } catch (thrown) {
    await takeBack({ call, plugin: link.kind.name, runs, leasedFrom }, thrown);
    if (!(thrown instanceof PlanError)) throw thrown;
    throw await explained(thrown, link, master, call.records);
  }
}

async function makeLink(work: Work): Promise<PlanRun> {
  note(work, undefined);
  try {
    return await runPlan(planLink(work.link), work.options);
  } catch (thrown) {
    if (!(thrown instanceof PlanError) || thrown.errno !== 'EEXIST' || thrown.leftovers.length > 0) throw thrown;
    // The name on the way in is somebody's; the second one is as good as nobody's.
    const again = { ...work, link: { ...work.link, temporary: randomLinkName() } };
    note(again, undefined);
    return runPlan(planLink(again.link), work.options);
  }
}

/** Written before anything is done, so that whoever finds it half done can take it down. */
function note({ call, link }: Work, leased: Result | undefined): void {
  const { netns, master, temporary, settings } = link;
  const kind = link.kind.name;
  const ipam = rawIpamOf(call.rawConf);
  const notes: InnerNotes = {
    master: settings.below?.inContainer === true ? '' : master,
    type: settings.type.words.join(' '),
    temporary,
    addresses: (leased?.ips ?? []).map(({ address }) => address),
    ...(ipam === undefined ? {} : { ipam }),
  };
  noteAttachment(call, kind, netns, notes);
}
