import { attachmentInAlias, isOwnAlias } from '../../pkg/attach/identity.ts';
import type { ShownLink } from '../../pkg/attach/links.ts';
import { ip } from '../../pkg/ip/command.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { ipAction } from '../../pkg/plan/action.ts';
import { type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { RecordStore, recordFolder } from '../../pkg/record/store.ts';
import type { GcCall, ValidAttachment } from '../../pkg/skel/plugin.ts';
import { type CniError, failTogether, toCniError } from '../../pkg/types/error.ts';
import { notesOf } from './notes.ts';
import type { BridgeConf } from './schema.ts';
import { type Remains, tearDown } from './teardown.ts';

/** How long looking for rules may take. */
const RULES_TIMEOUT_MS = 30_000;

/** Removes what no valid attachment of this network has: links, rules, then leases. */
export async function gc(call: GcCall<BridgeConf>): Promise<void> {
  const { validAttachments, network } = call;
  if (validAttachments === undefined) return;
  const valid = new Set(validAttachments.map(({ containerID, ifname }) => `${containerID}/${ifname}`));
  const options = await runOptions(call.environment, 'bridge');
  const failures: CniError[] = [];

  await removeRecorded(call, validAttachments, options, failures);
  await removeMarkedLinks(call, valid, options, failures);
  const { collectMasquerade } = await import('../../pkg/netfilter/collect.ts');
  await attempt(failures, async () => {
    const named = validAttachments.map(({ containerID, ifname }) => ({ containerId: containerID, ifName: ifname }));
    const removed = await collectMasquerade(ownNetns(), network, named, RULES_TIMEOUT_MS);
    for (const line of removed) call.warn(`bridge: ${line}`);
  });
  await attempt(failures, async () => {
    const type = call.conf.ipam?.type ?? '';
    if (type !== '') await call.delegate.run({ type, verb: 'GC', config: call.configText });
  });
  failTogether(failures);
}

async function removeRecorded(
  call: GcCall<BridgeConf>,
  valid: readonly ValidAttachment[],
  options: RunOptions,
  failures: CniError[],
): Promise<void> {
  const records = new RecordStore(recordFolder(call.environment));
  // One that cannot be read says nothing, and what it was about says whose it is by itself.
  for (const record of records.stale('bridge', call.network, valid)) {
    const { network, containerId, ifName } = record;
    const { hostLink, addresses, masquerade, spoofCheck } = notesOf(record.data);
    const name = { network, containerId, ifName };
    // The namespace may be another container's by now; the host's end is enough.
    const remains: Remains = { name, netns: '', hostLinks: [hostLink], addresses, masquerade, spoofCheck };
    const { linkFailure, otherFailures } = await tearDown(remains, options, call.warn);
    const failed = [linkFailure, ...otherFailures].filter((failure) => failure !== undefined);
    failures.push(...failed.map(toCniError));
    if (failed.length > 0) continue;
    const warning = records.remove(record);
    call.warn(`bridge: ${warning ?? `removed what was left of ${containerId} (${ifName})`}`);
  }
}

/** Links whose record is lost still say whose they are. */
async function removeMarkedLinks(
  call: GcCall<BridgeConf>,
  valid: ReadonlySet<string>,
  options: RunOptions,
  failures: CniError[],
): Promise<void> {
  const plan = new Plan().do(ownNetns(), ipAction(ip`link show type veth`), { capture: 'links' });
  const { captures } = await runPlan(plan, options);
  const links = captures.get('links');
  if (!Array.isArray(links)) return;
  for (const { ifname, ifalias } of links as readonly ShownLink[]) {
    const name = isOwnAlias(ifalias) ? attachmentInAlias(ifalias) : undefined;
    if (name?.network !== call.network || valid.has(`${name.containerId}/${name.ifName}`)) continue;
    await attempt(failures, async () => {
      await runPlan(new Plan().host(ip`link del dev ${ifname}`, { tolerate: ['ENODEV'] }), options);
      call.warn(`bridge: removed ${ifname}, which was left of ${name.containerId} (${name.ifName})`);
    });
  }
}

async function attempt(failures: CniError[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    failures.push(toCniError(thrown));
  }
}
