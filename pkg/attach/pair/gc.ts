import { collectMasquerade } from '../../netfilter/collect.ts';
import { ownNetns } from '../../netns/own.ts';
import type { RunOptions } from '../../plan/executor.ts';
import { runOptions } from '../../plan/options.ts';
import type { GcCall, ValidAttachment } from '../../skel/plugin.ts';
import { type CniError, failTogether, toCniError } from '../../types/error.ts';
import { pairNotesOf } from './notes.ts';
import { removeMarkedVeths } from './remove.ts';
import { type Remains, tearDown } from './teardown.ts';

/** How long looking for rules may take. */
const RULES_TIMEOUT_MS = 30_000;

type PairGc = GcCall<{ readonly ipam?: { readonly type?: string | undefined } | undefined }>;

/** Removes what no valid attachment of this network has: links, rules, then leases. */
export async function gcPairs(call: PairGc, plugin: string): Promise<void> {
  const { validAttachments, network } = call;
  if (validAttachments === undefined) return;
  const valid = new Set(validAttachments.map(({ containerID, ifname }) => `${containerID}/${ifname}`));
  const options = await runOptions(call.environment, plugin);
  const failures: CniError[] = [];

  await removeRecorded(call, plugin, validAttachments, options, failures);
  const trying = (work: () => Promise<void>) => attempt(failures, work);
  await removeMarkedVeths(network, valid, options, trying, (line) => call.warn(`${plugin}: ${line}`));
  await attempt(failures, async () => {
    const named = validAttachments.map(({ containerID, ifname }) => ({ containerId: containerID, ifName: ifname }));
    const removed = await collectMasquerade(ownNetns(), network, named, RULES_TIMEOUT_MS);
    for (const line of removed) call.warn(`${plugin}: ${line}`);
  });
  await attempt(failures, async () => {
    const type = call.conf.ipam?.type ?? '';
    if (type !== '') await call.delegate.run({ type, verb: 'GC', config: call.configText });
  });
  failTogether(failures);
}

async function removeRecorded(
  call: PairGc,
  plugin: string,
  valid: readonly ValidAttachment[],
  options: RunOptions,
  failures: CniError[],
): Promise<void> {
  // One that cannot be read says nothing, and what it was about says whose it is by itself.
  for (const record of call.records.stale(plugin, call.network, valid)) {
    const { hostLink, addresses, masquerade, spoofCheck } = pairNotesOf(record.data);
    // The namespace may be another container's by now; the host's end is enough.
    const remains: Remains = { name: record, netns: '', hostLinks: [hostLink], addresses, masquerade, spoofCheck };
    const warn = (line: string): void => call.warn(`${plugin}: ${line}`);
    const { linkFailure, otherFailures, left } = await tearDown(remains, options, warn);
    const failed = [linkFailure, ...otherFailures].filter((failure) => failure !== undefined);
    failures.push(...failed.map(toCniError));
    if (failed.length > 0) continue;
    if (left.length > 0) {
      warn(`rules of ${record.containerId} are left: ${left.join('; ')}`);
      continue;
    }
    const warning = call.records.remove(record);
    call.warn(`${plugin}: ${warning ?? `removed what was left of ${record.containerId} (${record.ifName})`}`);
  }
}

async function attempt(failures: CniError[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    failures.push(toCniError(thrown));
  }
}
