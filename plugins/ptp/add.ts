import { AddTransaction, isNameTaken } from '../../pkg/attach/add-transaction.ts';
import { hostLinkName, randomLinkName, randomMac } from '../../pkg/attach/identity.ts';
import type { PairNotes } from '../../pkg/attach/pair/notes.ts';
import { refuseTaken } from '../../pkg/attach/pair/veth.ts';
import { type ProgramAhead, startAhead } from '../../pkg/netfilter/ahead.ts';
import { likelyBackend, type MasqueradeBackend } from '../../pkg/netfilter/backend-name.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { isIpAction } from '../../pkg/plan/action.ts';
import type { RunOptions } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { termination } from '../../pkg/sys/process/termination.ts';
import type { Result } from '../../pkg/types/result.ts';
import { MASQUERADE, type NewAttachment, planAttachment, ptpAddressesOf, resultOf } from './attach.ts';
import { type AddCall, type PtpSettings, settingsOf } from './settings.ts';

/** What an ADD works with from its first look to its end. */
interface Work {
  readonly call: AddCall;
  readonly settings: PtpSettings;
  readonly netns: Netns;
  readonly transaction: AddTransaction;
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
      const transaction = new AddTransaction({ call, plugin: 'ptp', netns, options });
      return await addWith({ call, settings, netns, transaction, backend, ahead });
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
  const { call, settings, transaction } = work;
  return transaction.complete(async () => {
    const leased = await transaction.lease(settings.ipam);
    return resultOf(call, await attach(work, leased), leased);
  });
}

async function attach(work: Work, leased: Result): Promise<NewAttachment> {
  const { call, settings, netns, ahead, backend, transaction } = work;
  const base = {
    settings,
    name: call,
    netns,
    hostMac: randomMac(),
    mac: randomMac(),
    ips: ptpAddressesOf(leased),
    routes: leased.routes ?? [],
    // One that is there already is of an ADD that was never finished or never taken down.
    mayHaveRules: settings.ipMasq && call.records.find(call, 'ptp') !== undefined,
    ahead,
  };
  for (let tries = 1; ; tries += 1) {
    const attachment = { ...base, hostLink: tries === 1 ? hostLinkName(call) : randomLinkName() };
    transaction.note(notesFor(attachment, backend));
    try {
      const run = await transaction.run(await planAttachment(attachment));
      const used = run.captures.get(MASQUERADE) as MasqueradeBackend | undefined;
      if (used !== backend) transaction.note(notesFor(attachment, used));
      return attachment;
    } catch (thrown) {
      if (tries === TRIES || !isLinkTaken(thrown)) throw thrown;
    }
  }
}

function isLinkTaken(thrown: unknown): boolean {
  const action = isNameTaken(thrown) ? thrown.step?.action : undefined;
  if (action === undefined || !isIpAction(action)) return false;
  const [object, verb] = action.command.words;
  return object === 'link' && verb === 'add';
}

/** Written before anything is done, so that whoever finds it half done can take it down. */
function notesFor({ hostLink, ips, mac }: NewAttachment, backend: MasqueradeBackend | undefined): PairNotes {
  return {
    hostLink,
    addresses: ips.map(({ address }) => address),
    masquerade: backend === undefined ? [] : [backend],
    spoofCheck: false,
    mac,
  };
}
