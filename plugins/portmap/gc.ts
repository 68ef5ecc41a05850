import { readNatTable } from '../../pkg/netfilter/iptables-save.ts';
import { isMissing, retryOnConflict, Site } from '../../pkg/netfilter/program.ts';
import { restore, restoreText } from '../../pkg/netfilter/restore.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import type { AttachmentRecord } from '../../pkg/record/record.ts';
import type { GcCall } from '../../pkg/skel/plugin.ts';
import { type Attachment, attachmentKey } from '../../pkg/types/attachment.ts';
import { type CniError, ErrorCode, failTogether, toCniError } from '../../pkg/types/error.ts';
import { PortClaims } from './claims.ts';
import { chainRemoval, entriesIn, isCutEntry, type Line, removalLines } from './found-iptables.ts';
import { Localnet } from './localnet.ts';
import { removeNft } from './nft.ts';
import { targetOf } from './notes.ts';
import { unknownTarget } from './ports.ts';
import { chainOf } from './rules-iptables.ts';
import type { PortmapConf } from './schema.ts';
import { sharersOf, type Target } from './target.ts';

const TIMEOUT_MS = 60_000;

/** Which attachments of the network are still there. */
interface Valid {
  readonly attachments: ReadonlySet<string>;
  readonly containers: ReadonlySet<string>;
}

/** Removes what no valid attachment of this network has: rules, claims on ports, records. */
export async function gc(call: GcCall<PortmapConf>): Promise<void> {
  const { validAttachments, network, records } = call;
  if (validAttachments === undefined) return;
  const valid: Valid = {
    attachments: new Set(validAttachments.map(({ containerID, ifname }) => `${containerID}/${ifname}`)),
    containers: new Set(validAttachments.map(({ containerID }) => containerID)),
  };
  const isStale = (owner: Attachment): boolean =>
    owner.network === network && !valid.attachments.has(`${owner.containerId}/${owner.ifName}`);
  const claims = new PortClaims(records.folder);
  records.sweep('portmap', network);
  const known = records.readAll().records.filter(({ plugin }) => plugin === 'portmap');
  const stale = known.filter(isStale);
  const targets = [
    ...stale.map((record) => recordedTarget(record, known, isStale)),
    ...unrecorded(claims, known, isStale),
  ];

  const site = new Site({ place: ownNetns(), timeoutMs: TIMEOUT_MS });
  const outcomes = await Promise.allSettled([
    collectIptables(site, 4, call, valid, targets),
    collectIptables(site, 6, call, valid, targets),
    collectNft(site, targets),
  ]);
  const failures: CniError[] = [];
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') continue;
    // A program that is not there has made no rules, unless a record says so.
    if (!isMissing(outcome.reason)) failures.push(toCniError(outcome.reason));
    else if (stale.length > 0) call.warn(`portmap: rules may be left: ${toCniError(outcome.reason).message}`);
  }
  const isMissed = outcomes.some((outcome) => outcome.status === 'rejected');
  if (!isMissed || stale.length === 0) await forget(call, claims, stale, isStale);
  failTogether(failures);
}

function recordedTarget(
  record: AttachmentRecord,
  known: readonly AttachmentRecord[],
  isStale: (owner: Attachment) => boolean,
): Target {
  const staying = known.filter((other) => other.containerId === record.containerId && !isStale(other));
  return targetOf(record, staying);
}

/** Owners of ports whose record is lost. */
function unrecorded(
  claims: PortClaims,
  known: readonly AttachmentRecord[],
  isStale: (owner: Attachment) => boolean,
): readonly Target[] {
  const recorded = new Set(known.map(attachmentKey));
  const lost = new Map<string, Attachment>();
  for (const claim of claims.all()) {
    const key = attachmentKey(claim);
    if (!recorded.has(key) && isStale(claim)) lost.set(key, claim);
  }
  return [...lost.values()].map((owner) =>
    unknownTarget(
      owner,
      known.filter(({ containerId }) => containerId === owner.containerId),
    ),
  );
}

async function collectIptables(
  site: Site,
  family: 4 | 6,
  call: GcCall<PortmapConf>,
  valid: Valid,
  targets: readonly Target[],
): Promise<void> {
  await retryOnConflict(site, async () => {
    const table = await readNatTable(site, family);
    const lines = new Set<string | Line>();
    const add = (some: readonly Line[]): void => {
      for (const line of some) lines.add(line);
    };
    for (const target of targets) {
      if (!target.backends.includes('iptables')) continue;
      // Its other interfaces have the same chain, and nothing says what they need of it.
      if (valid.containers.has(target.containerId) && sharersOf(target).length === 0) continue;
      add(removalLines(table, target, family));
    }
    for (const [chain, { network, containerId }] of entriesIn(table)) {
      if (network !== call.network || valid.containers.has(containerId)) continue;
      add(chainRemoval(table, chain));
      call.warn(`portmap: removed the mappings of container ${containerId} (chain ${chain}, IPv${family})`);
    }
    const kept = new Set([...valid.containers].map((containerId) => chainOf({ network: call.network, containerId })));
    for (const rule of table.rules) {
      const chain = / -j (CNI-DN-[\da-f]{21})$/.exec(rule.bare)?.[1];
      if (chain !== undefined && isCutEntry(rule, call.network) && !kept.has(chain)) add(chainRemoval(table, chain));
    }
    if (lines.size > 0) await restore(site, family, restoreText([...lines]));
  });
}

/** Rules of nft do not say of which network they are: only what is noted can be told from others. */
async function collectNft(site: Site, targets: readonly Target[]): Promise<void> {
  const own = targets.filter(({ backends }) => backends.includes('nftables'));
  if (own.length > 0) await removeNft(site, own);
}

async function forget(
  call: GcCall<PortmapConf>,
  claims: PortClaims,
  stale: readonly AttachmentRecord[],
  isStale: (owner: Attachment) => boolean,
): Promise<void> {
  try {
    await claims.sweep(isStale);
  } catch (thrown) {
    const error = toCniError(thrown);
    if (error.code === ErrorCode.tryAgain) throw error;
    call.warn(`portmap: ${error}`);
  }
  for (const record of stale) {
    const warning = call.records.remove(record);
    call.warn(`portmap: ${warning ?? `removed what was left of ${record.containerId} (${record.ifName})`}`);
  }
  await new Localnet(call.environment, { timeoutMs: TIMEOUT_MS }, call.warn).sweep();
}
