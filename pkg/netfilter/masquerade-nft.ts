import type { Attachment } from '../types/attachment.ts';
import type { MasqueradedAddress } from './address.ts';
import type { AddOptions } from './masquerade.ts';
import { attachmentPrefix, nftComment } from './names.ts';
import type { NativeChain } from './native-message.ts';
import { type NftAddition, sharedChain } from './native-nft.ts';
import { isNative } from './native-variant.ts';
import { listRules, type NftRule } from './nft-list.ts';
import { FilterError, isMissing, missingProgram, retryOnConflict, type Site } from './program.ts';
import { batchText, NFT, nftNatively, transact } from './transact.ts';

/** The table of all masquerade rules. */
export const TABLE = 'inet cni_plugins_masquerade';

const CHECKS = `${TABLE} masq_checks`;
const POSTROUTING = `${TABLE} postrouting`;

/** The table and chains that all attachments share, as often as anybody likes. */
const COMMON = [
  `add table ${TABLE} { comment "Masquerading for plugins from github.com/containernetworking/plugins" ; }`,
  `add chain ${CHECKS} { comment "Masquerade traffic from certain IPs to any (non-multicast) IP outside their subnet" ; }`,
  `add chain ${POSTROUTING} { type nat hook postrouting priority 100 ; }`,
  `flush chain ${POSTROUTING}`,
  `add rule ${POSTROUTING} ip daddr == 224.0.0.0/4 return`,
  `add rule ${POSTROUTING} ip6 daddr == ff00::/8 return`,
  `add rule ${POSTROUTING} goto masq_checks`,
];

/** The same for who asks the kernel itself. */
const POSTROUTING_CHAIN: NativeChain = { family: 'inet', table: 'cni_plugins_masquerade', chain: 'postrouting' };
const CHECKS_CHAIN: NativeChain = { ...POSTROUTING_CHAIN, chain: 'masq_checks' };
const LEADING_RULES = ['ip daddr 224.0.0.0/4 return', 'ip6 daddr ff00::/8 return', 'goto masq_checks'];
const LEADING_CHAIN = sharedChain(POSTROUTING_CHAIN, LEADING_RULES);

/** What nft prints of the chain above as long as nobody changed it. */
const POSTROUTING_RULES = ['type nat hook postrouting priority srcnat; policy accept;', ...LEADING_RULES, '}'];

/** The statements that add the rules, wherever they are run. */
export function nftAdditions(key: Attachment, addresses: readonly MasqueradedAddress[]): string[] {
  return [...COMMON, ...ruleAdditions(key, addresses)];
}

function ruleAdditions(key: Attachment, addresses: readonly MasqueradedAddress[]): string[] {
  const comment = nftComment(key);
  const statements: string[] = [];
  for (const rule of rulesFor(addresses)) statements.push(`add rule ${CHECKS} ${rule} comment "${comment}"`);
  return statements;
}

function rulesFor(addresses: readonly MasqueradedAddress[]): string[] {
  const rules: string[] = [];
  for (const { family, address, network } of addresses) {
    const ip = family === 4 ? 'ip' : 'ip6';
    rules.push(`${ip} saddr == ${address} ${ip} daddr != ${network} masquerade`);
  }
  return rules;
}

/** Adds the rules of both families in one transaction. */
export async function addNft(
  site: Site,
  key: Attachment,
  addresses: readonly MasqueradedAddress[],
  options: AddOptions,
): Promise<void> {
  const prefix = attachmentPrefix(key);
  try {
    await retryOnConflict(site, async () => {
      if (options.mayExist !== true && (await addNatively(site, key, addresses))) return;
      const stale = options.mayExist === true ? await rulesWith(site, prefix) : [];
      const rules = [...stale.map(nftDeletion), ...ruleAdditions(key, addresses)];
      if (!(await addToTable(site, rules))) await transact(site, [...COMMON, ...rules]);
    });
  } catch (thrown) {
    // A program that was ended may have come to its end.
    if (!isMissing(thrown)) await removeNft(site.afresh(), key).catch(() => {});
    throw isMissing(thrown) ? missingProgram('nft', thrown) : thrown;
  }
}

/** Adds rules where what leads to them is there and nobody has changed it; `false` when nft has to look. */
async function addNatively(site: Site, key: Attachment, addresses: readonly MasqueradedAddress[]): Promise<boolean> {
  if (!isNative('nftables')) return false;
  const comment = nftComment(key);
  const additions: NftAddition[] = [];
  for (const rule of rulesFor(addresses)) additions.push({ ...CHECKS_CHAIN, rule, comment });
  const isDone = await nftNatively(site, (nft) => {
    return nft.isWhole(LEADING_CHAIN) && nft.add(additions);
  });
  return isDone === true;
}

/** Whether all rules are as they are made, as the kernel itself tells; `false` also when it takes nft to know. */
export async function seesAllInNft(
  site: Site,
  key: Attachment,
  addresses: readonly MasqueradedAddress[],
): Promise<boolean> {
  if (!isNative('nftables')) return false;
  const seen = await nftNatively(site, (nft) => {
    const isEntered = nft.isWhole(LEADING_CHAIN);
    return isEntered && nft.has(CHECKS_CHAIN, rulesFor(addresses), attachmentPrefix(key));
  });
  return seen === true;
}

/**
 * Adds rules to a table that is there already, and mends the chain that leads to them if somebody changed it; gives
 * `false` when the rules could not be added. Flushing that chain each time would cost a grace period of the kernel.
 */
async function addToTable(site: Site, rules: readonly string[]): Promise<boolean> {
  const stdin = batchText([...rules, `list chain ${POSTROUTING}`]);
  const outcome = await site.run(NFT, { stdin });
  if (outcome.timedOut) throw new FilterError(site, NFT, outcome, { stdin });
  if (outcome.status !== 0) return false;
  const lines = outcome.stdout.split('\n').map((line) => line.trim());
  const first = lines.indexOf(POSTROUTING_RULES[0] ?? '');
  const isIntact = first >= 0 && POSTROUTING_RULES.every((line, index) => lines[first + index] === line);
  if (!isIntact) await transact(site, COMMON);
  return true;
}

/** Removes all rules of an attachment; `false` when nft is missing and it takes nft. */
export async function removeNft(site: Site, key: Attachment): Promise<boolean> {
  const prefix = attachmentPrefix(key);
  try {
    if ((await nftNatively(site, (nft) => nft.removeCommented(CHECKS_CHAIN, prefix))) === true) return true;
    await retryOnConflict(site, async () => {
      const found = await rulesWith(site, prefix);
      if (found.length > 0) await transact(site, found.map(nftDeletion));
    });
    return true;
  } catch (thrown) {
    if (!isMissing(thrown)) throw thrown;
    return false;
  }
}

/** The rules whose comment begins so. */
export async function rulesWith(site: Site, prefix: string): Promise<readonly NftRule[]> {
  const rules = await listRules(site, 'chain', ...CHECKS.split(' '));
  return (rules ?? []).filter(({ comment }) => comment?.startsWith(prefix));
}

/** The statement that removes a rule which a look has found. Handles are not used twice. */
export function nftDeletion({ handle }: NftRule): string {
  return `delete rule ${CHECKS} handle ${handle}`;
}
