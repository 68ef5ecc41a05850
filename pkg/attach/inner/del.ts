import { ip } from '../../ip/command.ts';
import { inContainer } from '../../netns/container.ts';
import { isNetnsGone } from '../../netns/error.ts';
import { type RunOptions, runPlan } from '../../plan/executor.ts';
import { runOptions } from '../../plan/options.ts';
import { Plan } from '../../plan/plan.ts';
import { forgetAttachment } from '../../record/attachment.ts';
import type { AttachmentRecord } from '../../record/record.ts';
import { isAlive } from '../../record/store.ts';
import type { AttachmentCall } from '../../skel/plugin.ts';
import type { Attachment } from '../../types/attachment.ts';
import { collectRecorded, type RecordedGc } from '../gc.ts';
import { isOwnAlias, linkAlias } from '../identity.ts';
import { isKind, linkIn, lookAt, type ShownLink } from '../links.ts';
import { isReleasedThroughLink, releaseAddresses, together } from '../release.ts';
import { innerNotesOf, temporaryNames } from './notes.ts';

/** Takes the link out of the container, with whatever is still there and whatever is still known. */
export async function delInner(call: AttachmentCall<unknown>, kind: string): Promise<void> {
  const record = call.records.find(call, kind);
  const notes = record && innerNotesOf(record.data);
  const options = await runOptions(call.environment, kind);
  // Where the call does not say it, the record does, as long as the namespace is still the same.
  const isForgotten = call.netns === '' && record !== undefined && isAlive(record) === 'alive';
  const remains: InnerRemains = {
    kind,
    name: call,
    netns: isForgotten ? record.netns.path : call.netns,
    temporary: temporaryNames(call, notes),
    onlyMarked: isForgotten,
  };
  const failures: unknown[] = [];
  // dhcp gives an address back through the link; everywhere else nobody may use it any more by then.
  const isReleasedFirst = isReleasedThroughLink(call, notes?.ipam);
  if (isReleasedFirst) failures.push(...(await releaseAddresses(call, notes?.ipam)));
  try {
    await removeInner(remains, options, (line) => call.warn(`${kind}: ${line}`));
    if (!isReleasedFirst) failures.push(...(await releaseAddresses(call, notes?.ipam)));
  } catch (thrown) {
    failures.unshift(thrown);
  }
  if (failures.length > 0) throw together(failures);
  forgetAttachment(call, kind);
}

/** Removes what no valid attachment of this network has: links in containers that are still there, then leases. */
export async function gcInner(call: RecordedGc, kind: string): Promise<void> {
  const options = await runOptions(call.environment, kind);
  const warn = (line: string): void => call.warn(`${kind}: ${line}`);
  const remove = (record: AttachmentRecord): Promise<void> => removeRecorded(record, options, warn);
  await collectRecorded(call, { plugin: kind, done: 'removed', remove });
}

/** A link goes with its namespace, so there is something to do only where that is still there. */
async function removeRecorded(
  record: AttachmentRecord,
  options: RunOptions,
  warn: (line: string) => void,
): Promise<void> {
  if (isAlive(record) !== 'alive') return;
  const { plugin: kind, netns } = record;
  const temporary = temporaryNames(record, innerNotesOf(record.data));
  await removeInner({ kind, name: record, netns: netns.path, temporary, onlyMarked: true }, options, warn);
}

/** What is known about a link that has to go. */
interface InnerRemains {
  readonly kind: string;
  readonly name: Attachment;
  /** Path of the container's namespace; '' when it is not known: without it the link is gone too. */
  readonly netns: string;
  /** What the link may be called as long as it has not its own name. */
  readonly temporary: readonly string[];
  /** Whether a link of the final name has to say whose it is: the namespace may be another container's by now. */
  readonly onlyMarked: boolean;
}

/** Removes the link of an attachment, if it is there and nobody else's. */
async function removeInner(remains: InnerRemains, options: RunOptions, warn: (line: string) => void): Promise<void> {
  const { netns: path, name, temporary } = remains;
  if (path === '') return;
  try {
    await inContainer(path, async (netns) => {
      const wanted = [name.ifName, ...temporary].map((link) => linkIn(netns, link));
      for (const link of await lookAt(wanted, options)) {
        if (link === undefined) continue;
        const owner = ownerOf(link, remains);
        if (owner !== undefined) warn(`left ${link.ifname} in ${path} alone: ${owner}`);
        else {
          const plan = new Plan().inside(netns, ip`link del dev ${link.ifname}`, {
            tolerate: ['ENODEV'],
            failing: `failed to delete "${link.ifname}"`,
          });
          await runPlan(plan, options);
        }
      }
    });
  } catch (thrown) {
    if (!isNetnsGone(thrown)) throw thrown;
  }
}

/** Why a link is not this attachment's to remove. */
function ownerOf(link: ShownLink, { kind, name, temporary, onlyMarked }: InnerRemains): string | undefined {
  if (!isKind(link, kind)) return `it is a ${link.linkinfo?.info_kind ?? 'device'}`;
  if (link.ifalias === linkAlias(name)) return undefined;
  if (isOwnAlias(link.ifalias)) return `it belongs to ${link.ifalias}`;
  // On the way in a link says nothing yet, but its name is made from its owner's, or by chance.
  return onlyMarked && !temporary.includes(link.ifname ?? '') ? 'it does not say whose it is' : undefined;
}
