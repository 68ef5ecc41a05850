import { hostLinkName, randomLinkName, randomMac } from '../../pkg/attach/identity.ts';
import type { PairNotes } from '../../pkg/attach/pair/notes.ts';
import { refuseTaken } from '../../pkg/attach/pair/taken.ts';
import { giveBack, rawIpamOf } from '../../pkg/attach/release.ts';
import { takeBack } from '../../pkg/attach/take-back.ts';
import { type ProgramAhead, startAhead } from '../../pkg/netfilter/ahead.ts';
import { likelyBackend, type MasqueradeBackend } from '../../pkg/netfilter/backend-name.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { isIpAction } from '../../pkg/plan/action.ts';
import { type PlanRun, type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { PlanError } from '../../pkg/plan/plan-error.ts';
import { noteAttachment } from '../../pkg/record/attachment.ts';
import { RECORDED } from '../../pkg/record/recorded.ts';
import { termination } from '../../pkg/sys/process/termination.ts';
import type { Result } from '../../pkg/types/result.ts';
import { legsOf, MASQUERADE, type NewAttachment, planAttachment, resultOf } from './attach.ts';
import { type AddCall, type PtpSettings, settingsOf } from './settings.ts';

/** What an ADD works with from its first look to its end. */
interface Work {
  readonly call: AddCall;
  readonly settings: PtpSettings;
  readonly netns: Netns;
  readonly options: RunOptions;
  /** Who is tried first for the masquerade; `undefined` when there is none. */
  readonly backend: MasqueradeBackend | undefined;
  readonly ahead: ProgramAhead | undefined;
}

/** How often an ADD gives way to others who have the name of its host's end. */
const TRIES = 3;

/** Connects the container with the host. Whatever fails, nothing of it stays. */
export async function add(call: AddCall): Promise<Result> {
  const settings = settingsOf(call);
  return inContainer(call.netns, async (netns) => {
    const options = { ...(await runOptions(call.environment, 'ptp')), signal: termination() };
    // Before an address is asked for: nothing has to be taken back yet.
    await refuseTaken(call, netns, options);
    const backend = settings.ipMasq ? (settings.ipMasqBackend ?? likelyBackend(call.environment)) : undefined;
    const ahead = backend && (await startMasquerade(backend, options));
    try {
      return await addWith({ call, settings, netns, options, backend, ahead });
    } finally {
      ahead?.letGo();
    }
  });
}

/** Its start takes longer than its work, and needs no address yet. */
async function startMasquerade(backend: MasqueradeBackend, options: RunOptions): Promise<ProgramAhead | undefined> {
  return startAhead(ownNetns(), backend, options);
}

async function addWith(work: Work): Promise<Result> {
  const { call, settings } = work;
  const request = { type: settings.ipam, config: call.configText, environment: RECORDED };
  const leased = await call.delegate.add(request);
  try {
    return await attach(work, leased);
  } catch (thrown) {
    await giveBack(call, settings.ipam, 'ptp');
    throw thrown;
  }
}

async function attach(work: Work, leased: Result): Promise<Result> {
  const { call, settings, netns, ahead } = work;
  const base = {
    settings,
    name: call,
    netns,
    hostMac: randomMac(),
    mac: randomMac(),
    legs: legsOf(leased),
    routes: leased.routes ?? [],
    // One that is there already is of an ADD that was never finished or never taken down.
    mayHaveRules: settings.ipMasq && call.records.find(call, 'ptp') !== undefined,
    ahead,
  };
  let hostLink = hostLinkName(call);
  for (let tries = 1; ; tries += 1) {
    try {
      return await carryOut(work, { ...base, hostLink }, leased);
    } catch (thrown) {
      if (tries === TRIES || !isNameTaken(thrown)) throw thrown;
      hostLink = randomLinkName();
    }
  }
}

function isNameTaken(thrown: unknown): boolean {
  if (!(thrown instanceof PlanError) || thrown.errno !== 'EEXIST' || thrown.leftovers.length > 0) return false;
  const action = thrown.step?.action;
  if (action === undefined || !isIpAction(action)) return false;
  const [object, verb] = action.command.words;
  return object === 'link' && verb === 'add';
}

async function carryOut(work: Work, attachment: NewAttachment, leased: Result): Promise<Result> {
  const { call, backend, options } = work;
  note(work, attachment, backend);
  const runs: PlanRun[] = [];
  try {
    const run = await runPlan(await planAttachment(attachment), options);
    runs.push(run);
    const used = run.captures.get(MASQUERADE) as MasqueradeBackend | undefined;
    if (used !== backend) note(work, attachment, used);
    return resultOf(call, attachment, leased);
  } catch (thrown) {
    await takeBack({ call, plugin: 'ptp', runs }, thrown);
    throw thrown;
  }
}

/** Written before anything is done, so that whoever finds it half done can take it down. */
function note({ call, netns }: Work, attachment: NewAttachment, backend: MasqueradeBackend | undefined): void {
  const { hostLink, legs, mac } = attachment;
  const ipam = rawIpamOf(call.rawConf);
  const notes: PairNotes = {
    hostLink,
    addresses: legs.map(({ address }) => address),
    masquerade: backend === undefined ? [] : [backend],
    spoofCheck: false,
    mac,
    ...(ipam === undefined ? {} : { ipam }),
  };
  noteAttachment(call, 'ptp', netns, notes);
}
