import type { Family } from '../addr/address.ts';
import type { Netns } from '../netns/netns.ts';
import { type MasqueradedAddress, readAddresses } from './address.ts';
import type { MasqueradeBackend } from './backend-name.ts';
import { readNatTable } from './iptables-save.ts';
import type { Masquerade } from './masquerade.ts';
import { seesAllInNft, TABLE } from './masquerade-nft.ts';
import { attachmentPrefix, chainName } from './names.ts';
import { listRules, type NftRule } from './nft-list.ts';
import { isMissing, missingProgram, Site } from './program.ts';
import { type Command, IPTABLES, seesAll } from './restore.ts';
import { additions, MULTICAST } from './rule.ts';
import { allOf } from './together.ts';

/**
 * What is missing of an attachment's masquerade rules, one text each; none when they are complete with one of the
 * backends that may have been used.
 */
export async function missingMasquerade(
  place: Netns,
  masquerade: Masquerade,
  backends: readonly MasqueradeBackend[],
  options: { readonly timeoutMs: number; readonly onlyFilterPrograms: boolean },
): Promise<string[]> {
  const site = new Site({ place, ...options });
  const addresses = readAddresses(masquerade.addresses);
  const found = await allOf(
    backends.map((backend) =>
      backend === 'nftables'
        ? missingInNft(site, masquerade, addresses)
        : missingInIptables(site, masquerade, addresses),
    ),
  );
  const complete = found.find(({ gaps }) => gaps.length === 0);
  // The backend that was used is the one that has most of the rules.
  const [first] = found.toSorted((a, b) => b.present - a.present);
  return (complete ?? first)?.gaps ?? [];
}

/** What a backend has. */
interface Inventory {
  /** How many of the attachment's own rules are there. */
  readonly present: number;
  readonly gaps: string[];
}

async function missingInIptables(
  site: Site,
  masquerade: Masquerade,
  all: readonly MasqueradedAddress[],
): Promise<Inventory> {
  const chain = chainName(masquerade.network, masquerade.containerId);
  const look = async (family: Family): Promise<Inventory> => {
    const addresses = all.filter((address) => address.family === family);
    if (addresses.length === 0) return { present: 0, gaps: [] };
    const wanted = addresses.flatMap(({ host, network }) => [
      `${chain} -d ${network} -j ACCEPT`,
      `${chain} ! -d ${MULTICAST[family]} -j MASQUERADE`,
      `POSTROUTING -s ${host} -j ${chain}`,
    ]);
    const program = IPTABLES[family];
    const own: Command[] = [];
    for (const [, ...rule] of additions(masquerade, addresses)) own.push(rule);
    if (await seesAll(site, family, 'nat', own)) return { present: own.length, gaps: [] };
    try {
      const table = await readNatTable(site, family);
      const there = new Set(table.rules.map((rule) => rule.bare));
      const rules = [...new Set(wanted)];
      const gaps = rules.filter((rule) => !there.has(rule));
      return {
        present: rules.length - gaps.length,
        gaps: gaps.map((rule) => `missing in the nat table of ${program}: -A ${rule}`),
      };
    } catch (thrown) {
      if (!isMissing(thrown)) throw thrown;
      return { present: 0, gaps: [missingProgram(program, thrown).toString()] };
    }
  };
  const [v4, v6] = await Promise.all([look(4), look(6)]);
  return { present: v4.present + v6.present, gaps: [...v4.gaps, ...v6.gaps] };
}

async function missingInNft(
  site: Site,
  masquerade: Masquerade,
  addresses: readonly MasqueradedAddress[],
): Promise<Inventory> {
  const gap = (chain: string, rule: string): string => `missing in nft chain ${TABLE} ${chain}: ${rule}`;
  if (await seesAllInNft(site, masquerade, addresses)) return { present: addresses.length, gaps: [] };
  try {
    const rules = (await listRules(site, 'table', ...TABLE.split(' '))) ?? [];
    const prefix = attachmentPrefix(masquerade);
    const own = rules.filter(({ chain, comment }) => chain === 'masq_checks' && comment?.startsWith(prefix));
    const isEntered = rules.some(({ chain, expr }) => {
      return chain === 'postrouting' && expr.some((statement) => statement.goto?.target === 'masq_checks');
    });
    const gaps = isEntered ? [] : [gap('postrouting', 'goto masq_checks')];
    for (const address of addresses) {
      if (own.some((rule) => masquerades(rule, address))) continue;
      const ip = address.family === 4 ? 'ip' : 'ip6';
      gaps.push(gap('masq_checks', `${ip} saddr ${address.address} ${ip} daddr != ${address.network} masquerade`));
    }
    return { present: own.length, gaps };
  } catch (thrown) {
    if (!isMissing(thrown)) throw thrown;
    return { present: 0, gaps: [missingProgram('nft', thrown).toString()] };
  }
}

function masquerades({ expr }: NftRule, { address, network }: MasqueradedAddress): boolean {
  const matches = (op: string, right: unknown): boolean =>
    expr.some(({ match }) => match?.op === op && prefixText(match.right) === right);
  // A single address is listed without its length.
  const others = network.replace(/\/(?:32|128)$/, '');
  return matches('==', address) && matches('!=', others) && expr.some((one) => one.masquerade !== undefined);
}

function prefixText(right: unknown): unknown {
  if (typeof right !== 'object' || right === null || !('prefix' in right)) return right;
  const { addr, len } = right.prefix as { addr: string; len: number };
  return `${addr}/${len}`;
}
