import { PluginLookupError } from '../../pkg/delegate/find-plugin.ts';
import { ForeignPluginError } from '../../pkg/delegate/foreign.ts';
import { NetnsError } from '../../pkg/netns/error.ts';
import { openNetns } from '../../pkg/netns/open.ts';
import { quote } from '../../pkg/plan/action.ts';
import { forgetAttachment, noteAttachment } from '../../pkg/record/attachment.ts';
import type { AttachmentCall, PlannedAdd } from '../../pkg/skel/plugin.ts';
import { termination } from '../../pkg/sys/process/termination.ts';
import { CniError, ErrorCode, toCniError } from '../../pkg/types/error.ts';
import type { Result } from '../../pkg/types/result.ts';
import { type Target, targetOf } from './attachment.ts';
import { compactJson } from './compact-json.ts';
import { delegateConf, refuseReservedKeys } from './delegate-conf.ts';
import type { FlannelConf } from './schema.ts';
import { type FlannelNotes, notesOf, ownText, PLUGIN, removeStored, writeStored } from './stored.ts';
import { subnetsNow, waitForSubnets } from './subnets.ts';

type AddCall = AttachmentCall<FlannelConf>;

/** One ADD from when it knows what to do. */
interface Work {
  readonly call: AddCall;
  readonly target: Target;
  /** The delegate. */
  readonly type: string;
  /** The delegate's configuration as text. */
  readonly config: string;
}

/** Has the delegate attach the container, and keeps what it was told for whoever comes later. */
export async function add(call: AddCall): Promise<Result> {
  refuseReservedKeys(call);
  const conf = delegateConf(call, await waitForSubnets(call));
  const signal = termination();
  const target = targetOf(call);
  const work: Work = { call, target, type: conf.type, config: compactJson(conf) };
  try {
    // The record first: with it, a DEL needs no file.
    note(work, { file: target.place.file, delegate: work.config });
    writeStored(target.place, target.key, work.config);
    const result = await call.delegate.add({ type: work.type, config: work.config });
    // Asked to end while nobody listened who could have undone it.
    if (signal.aborted) throw new Interrupted(ErrorCode.internal, 'interrupted', 'what was done is undone');
    return result;
  } catch (thrown) {
    await takeBack(work, thrown instanceof Interrupted ? undefined : target.previous, thrown);
    throw await asReference(thrown, work.type);
  }
}

/** The container was attached, and is not to stay so. */
class Interrupted extends CniError {}

/** In a namespace that cannot be opened nothing is attached; the delegate says so. */
function note({ call }: Work, data: FlannelNotes): void {
  try {
    const netns = openNetns(call.netns);
    try {
      noteAttachment(call, PLUGIN, netns, data);
    } finally {
      netns.close();
    }
  } catch (thrown) {
    if (!(thrown instanceof NetnsError)) throw thrown;
  }
}

/**
 * Leaves things as they were. A foreign delegate may have failed halfway; it is not asked to remove what was there
 * before this call, which a second ADD of the same attachment finds in its way.
 */
async function takeBack(work: Work, previous: string | undefined, cause: unknown): Promise<void> {
  const { call, target, type, config } = work;
  const { place, key } = target;
  try {
    if (previous !== undefined) {
      // As it was: one of our own form has it already.
      writeStored({ ...place, isShared: true }, key, previous);
      const notes = target.record && notesOf(target.record);
      if (notes === undefined) forgetAttachment(call, PLUGIN);
      else note(work, notes);
      return;
    }
    if (await mayHaveLeft(cause)) await call.delegate.run({ type, verb: 'DEL', config });
    removeStored(place);
    forgetAttachment(call, PLUGIN);
  } catch (thrown) {
    // What is kept is what a DEL needs.
    call.warn(`flannel: not everything could be taken back: ${toCniError(thrown)}`);
  }
}

/** Plugins of this suite take back what they did when they fail. */
async function mayHaveLeft(cause: unknown): Promise<boolean> {
  return cause instanceof Interrupted || cause instanceof ForeignPluginError;
}

/** What a delegate says is passed on as it is; that there is none is said with a prefix. */
async function asReference(thrown: unknown, type: string): Promise<unknown> {
  if (!(thrown instanceof PluginLookupError) || thrown.type !== type) return thrown;
  return new CniError(ErrorCode.internal, `failed to delegate add: ${thrown.message}`, thrown.details, {
    cause: thrown,
  });
}

/** What an ADD would do now; the delegate is asked for its plan. A subnetFile that is not there is not waited for. */
export async function plan(call: AttachmentCall<FlannelConf>): Promise<PlannedAdd> {
  refuseReservedKeys(call);
  const conf = delegateConf(call, await subnetsNow(call));
  const config = compactJson(conf);
  const { place, key } = targetOf(call);
  const result = await call.delegate.add({ type: conf.type, config });
  const text = place.isShared ? config : ownText(key, config);
  const note = `keeps what ${conf.type} is told, for the DEL`;
  const write = `printf %s ${quote(text)} > ${quote(place.file)}`;
  const lines = [`(umask 077; mkdir -p ${quote(place.folder)}; ${write})`];
  return { result, steps: [{ place: 'host', note, lines }] };
}
