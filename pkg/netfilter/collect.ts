import type { Netns } from '../netns/netns.ts';
import type { ContainerInterface } from '../types/attachment.ts';
import { type Jump, jumpsIn, type NatTable, readNatTable } from './iptables-save.ts';
import { deletion } from './masquerade-found.ts';
import { nftDeletion, rulesWith } from './masquerade-nft.ts';
import { attachmentPrefix, chainName, iptablesComment, networkPrefix } from './names.ts';
import { isMissing, retryOnConflict, Site } from './program.ts';
import { restore, restoreText } from './restore.ts';
import { allOf } from './together.ts';
import { transact } from './transact.ts';

/**
 * Removes a network's masquerade rules, of both backends, that belong to no valid attachment; gives one line for each
 * container or attachment whose rules went. iptables rules stay while any attachment of their container is valid.
 *
 * The list is compared by hashes: comments are cut, so most do not have the whole container id.
 */
export async function collectMasquerade(
  place: Netns,
  network: string,
  valid: readonly ContainerInterface[],
  timeoutMs: number,
): Promise<string[]> {
  const site = new Site({ place, timeoutMs });
  const chains = new Set(valid.map(({ containerId }) => chainName(network, containerId)));
  const prefixes = new Set(valid.map((attachment) => attachmentPrefix({ network, ...attachment })));
  const reports = [
    collectIptables(site, network, chains, 4),
    collectIptables(site, network, chains, 6),
    collectNft(site, network, prefixes),
  ].map((report) =>
    report.catch((thrown: unknown) => {
      if (isMissing(thrown)) return [];
      throw thrown;
    }),
  );
  return [...new Set((await allOf(reports)).flat())];
}

async function collectIptables(
  site: Site,
  network: string,
  valid: ReadonlySet<string>,
  family: 4 | 6,
): Promise<string[]> {
  const report = new Set<string>();
  await retryOnConflict(site, async () => {
    const table = await readNatTable(site, family);
    const jumps = jumpsIn(table);
    const commands: string[] = [];
    for (const [chain, containerId] of containersIn(table, jumps, network)) {
      if (valid.has(chain)) continue;
      commands.push(...jumps.filter((jump) => jump.chain === chain).map(deletion));
      if (table.chains.has(chain)) commands.push(`-F ${chain}`, `-X ${chain}`);
      report.add(`removed masquerade of container ${containerId} (iptables chain ${chain})`);
    }
    if (commands.length > 0) await restore(site, family, restoreText(commands));
  });
  return [...report];
}

/** The chains of a network's containers. A comment is believed only when the chain's name follows from it. */
function containersIn(table: NatTable, jumps: readonly Jump[], network: string): Map<string, string> {
  const containers = new Map<string, string>();
  for (const { comment = '', chain, bare } of table.rules) {
    const containerId = /^name: "[^"]*" id: "([^"]*)"$/.exec(comment)?.[1];
    if (containerId === undefined || iptablesComment(network, containerId) !== comment) continue;
    const own = chainName(network, containerId);
    if (chain === own || jumps.some((jump) => jump.rule.bare === bare && jump.chain === own)) {
      containers.set(own, containerId);
    }
  }
  return containers;
}

async function collectNft(site: Site, network: string, valid: ReadonlySet<string>): Promise<string[]> {
  const report = new Set<string>();
  const prefix = networkPrefix(network);
  await retryOnConflict(site, async () => {
    const stale = (await rulesWith(site, prefix)).filter(({ comment = '' }) => {
      return !valid.has(comment.slice(0, prefix.length + 16));
    });
    for (const { comment = '' } of stale) report.add(`removed masquerade of ${attachmentIn(comment)} (nftables)`);
    if (stale.length > 0) await transact(site, stale.map(nftDeletion));
  });
  return [...report];
}

/** As much as the comment has. */
function attachmentIn(comment: string): string {
  const [, ifName, containerId] = /, if: (.*), id: (.*)$/.exec(comment) ?? [];
  return containerId === undefined ? comment : `container ${containerId} interface ${ifName}`;
}
