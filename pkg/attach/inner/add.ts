import { ip } from '../../ip/command.ts';
import { inContainer } from '../../netns/container.ts';
import type { Netns } from '../../netns/netns.ts';
import type { PlanRun, RunOptions } from '../../plan/executor.ts';
import { runOptions } from '../../plan/options.ts';
import { PlanError } from '../../plan/plan-error.ts';
import { stepsOf } from '../../plan/steps.ts';
import type { AttachmentCall, PlannedAdd } from '../../skel/plugin.ts';
import { termination } from '../../sys/process/termination.ts';
import { CniError, ErrorCode } from '../../types/error.ts';
import type { Result } from '../../types/result.ts';
import { type AddContext, AddTransaction, isNameTaken } from '../add-transaction.ts';
import { hostLinkName, randomLinkName, randomMac } from '../identity.ts';
import { addressesOf, linkIn, lookAt, type ShownLink } from '../links.ts';
import type { InnerKind, InnerSettings, InnerTraits } from './kind.ts';
import { findMaster } from './master.ts';
import type { InnerNotes } from './notes.ts';
import { explained, refuseOtherWay } from './refused.ts';
import { type InnerLink, MADE, planLink, planUse, resultOf } from './steps.ts';

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

/** What an ADD would do now; the IPAM plugin is asked for its plan as well. */
export async function planInner<Conf>(call: AttachmentCall<Conf>, kind: InnerKind<Conf>): Promise<PlannedAdd> {
  const settings = kind.settingsOf(call);
  return inContainer(call.netns, async (netns) => {
    const options = await runOptions(call.environment, kind.name);
    const { link, master } = await lookAround(call, kind, settings, netns, options);
    const { ipam, given } = settings;
    const leased = ipam === '' ? given : await call.delegate.add({ type: ipam, config: call.configText });
    const mac = settings.mac ?? (kind.sharesMac ? master?.address : randomMac());
    const plan = planLink(link).append(await planUse(link, leased, options));
    return { result: resultOf(call, settings, mac, leased), steps: stepsOf(plan) };
  });
}

/** What an ADD knows before it does anything. */
export interface Surroundings {
  readonly link: InnerLink;
  /** The link below, if it stands on one. */
  readonly master: ShownLink | undefined;
}

/** Looks around for an ADD, and refuses what cannot be. */
export async function lookAround<Conf>(
  call: AttachmentCall<Conf>,
  kind: InnerKind<Conf>,
  settings: InnerSettings,
  netns: Netns,
  options: RunOptions,
): Promise<Surroundings> {
  await refuseTaken(call, kind, settings, netns, options);
  const master = await findMaster(kind, settings, netns, options);
  const temporary = hostLinkName(call);
  const link: InnerLink = { kind, name: call, netns, settings, master: master?.ifname ?? '', temporary };
  if (kind.isAsLast) refuseOtherWay(link, call.records);
  return { link, master };
}

/** Refuses a container that has a link of the interface's name already. */
export async function refuseTaken(
  { ifName, netns: path }: AttachmentCall<unknown>,
  { name: kind }: InnerTraits,
  { below }: InnerSettings,
  netns: Netns,
  options: RunOptions,
): Promise<void> {
  const [same] = await lookAt([{ place: netns, command: ip`link show dev ${ifName}` }], options);
  if (same === undefined) return;
  const [link] = await lookAt([linkIn(netns, ifName)], options);
  const failing = below === undefined ? `failed to create ${kind}` : `failed to rename ${kind} to "${ifName}"`;
  throw new CniError(
    ErrorCode.internal,
    `${failing}: file exists`,
    `namespace ${path} has a link ${ifName} already (${link?.linkinfo?.info_kind ?? 'a device'}, ` +
      `${(link && addressesOf(link).join(', ')) || 'without addresses'}); expected none. Either this container was added ` +
      'before and never removed, or two networks use the same interface name',
  );
}
