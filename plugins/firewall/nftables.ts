import type { NativeChain } from '../../pkg/netfilter/native-message.ts';
import { type NftElement, sharedChain } from '../../pkg/netfilter/native-nft.ts';
import { isNative } from '../../pkg/netfilter/native-variant.ts';
import { FilterError, isMissing, missingProgram, runFilter, type Site } from '../../pkg/netfilter/program.ts';
import { batchText, NFT, nftNatively } from '../../pkg/netfilter/transact.ts';
import type { HostAddress, Separation } from './settings.ts';

/** The table of all containers; the reference has no such backend. */
export const TABLE = 'inet cni_firewall';

/** The chain that packets come through, for who asks the kernel itself. */
const FORWARD: NativeChain = { family: 'inet', table: 'cni_firewall', chain: 'forward' };

/** Addresses whose packets pass, and bridges that are kept apart. */
const SETS = { 4: 'containers4', 6: 'containers6', apart: 'apart', within: 'within', isolated: 'isolated' } as const;

/** The rules of that chain, in order; `within` has each bridge beside itself. */
const RULES: readonly string[] = [
  'jump admin',
  `iifname . oifname @${SETS.isolated} drop`,
  `iifname . oifname @${SETS.within} accept`,
  `iifname @${SETS.apart} oifname @${SETS.apart} drop`,
  `ip daddr @${SETS[4]} ct state established,related accept`,
  `ip6 daddr @${SETS[6]} ct state established,related accept`,
  `ip saddr @${SETS[4]} accept`,
  `ip6 saddr @${SETS[6]} accept`,
];
const FORWARD_CHAIN = sharedChain(FORWARD, RULES);

/** Lets a container's packets pass: its addresses become elements of a set, in one transaction. */
export async function addNft(
  site: Site,
  addresses: readonly HostAddress[],
  separation: Separation | undefined,
): Promise<void> {
  try {
    if (await inOwnTable(site, addresses, separation, 'put')) return;
    const elements = additions(addresses, separation);
    if (!(await addToTable(site, elements)))
      await runFilter(site, NFT, { stdin: batchText([...setUp(), ...elements]) });
  } catch (thrown) {
    throw isMissing(thrown) ? missingProgram('nft', thrown) : thrown;
  }
}

/** Takes a container's addresses out of the sets; fine when they are not in them, or there are none. */
export async function removeNft(site: Site, addresses: readonly HostAddress[]): Promise<void> {
  const elements = elementsFor(addresses, undefined);
  if ((await nftNatively(site, (nft) => nft.takeOut(elements))) === true) return;
  const statements: string[] = [];
  for (const one of elements) {
    const element = statementPart(one);
    // What has just been added can be deleted for certain.
    statements.push(`add ${element}`, `delete ${element}`);
  }
  try {
    await runFilter(site, NFT, { stdin: batchText(statements) });
  } catch (thrown) {
    // Without the sets there is nothing in them.
    if (!(thrown instanceof FilterError) || !/No such file or directory/.test(thrown.stderr)) throw thrown;
  }
}

/** What of a container and of the table is missing, one line each. */
export async function missingNft(
  site: Site,
  addresses: readonly HostAddress[],
  separation: Separation | undefined,
): Promise<string[]> {
  if (await inOwnTable(site, addresses, separation, 'areIn')) return [];
  let listing: string;
  try {
    listing = await runFilter(site, ['nft', 'list', 'table', ...TABLE.split(' ')]);
  } catch (thrown) {
    if (!(thrown instanceof FilterError)) throw thrown;
    return [`there is no table ${TABLE}`];
  }
  const missing = leadsToSets(listing) ? [] : [`the rules of ${TABLE} are not as they were made`];
  for (const { family, text } of addresses) {
    if (!elementsOf(listing, SETS[family]).includes(text)) missing.push(`${text} is not in the set ${SETS[family]}`);
  }
  if (separation === undefined) return missing;
  const { policy, bridge } = separation;
  const pair = `"${bridge}" . "${bridge}"`;
  if (!elementsOf(listing, SETS.apart).includes(`"${bridge}"`))
    missing.push(`${bridge} is not in the set ${SETS.apart}`);
  const wanted = policy === 'isolated' ? SETS.isolated : SETS.within;
  if (!elementsOf(listing, wanted).includes(pair)) missing.push(`${bridge} is not in the set ${wanted}`);
  return missing;
}

/** Puts elements into a table that is there and that nobody has changed, or sees them in it; `false` when nft has to look. */
async function inOwnTable(
  site: Site,
  addresses: readonly HostAddress[],
  separation: Separation | undefined,
  work: 'put' | 'areIn',
): Promise<boolean> {
  if (!isNative('nftables')) return false;
  const elements = elementsFor(addresses, separation);
  return (await nftNatively(site, (nft) => nft.isWhole(FORWARD_CHAIN) && nft[work](elements))) === true;
}

/** It is taken for granted that the table is as it should be; `false` when it is not. */
async function addToTable(site: Site, elements: readonly string[]): Promise<boolean> {
  const stdin = batchText([...elements, `list chain ${TABLE} forward`]);
  const outcome = await site.run(NFT, { stdin });
  if (outcome.timedOut) throw new FilterError(site, NFT, outcome, { stdin });
  return outcome.status === 0 && leadsToSets(outcome.stdout);
}

function leadsToSets(listing: string): boolean {
  let from = 0;
  for (const rule of RULES) {
    const at = listing.indexOf(`\t\t${rule}\n`, from);
    if (at === -1) return false;
    from = at + 1;
  }
  return true;
}

/** All statements that let a container's packets pass, whatever is there already. */
export function openStatements(
  addresses: readonly HostAddress[],
  separation: Separation | undefined,
): readonly string[] {
  return [...setUp(), ...additions(addresses, separation)];
}

function additions(addresses: readonly HostAddress[], separation: Separation | undefined): string[] {
  return elementsFor(addresses, separation).map((one) => `add ${statementPart(one)}`);
}

function statementPart({ set, element }: NftElement): string {
  return `element ${TABLE} ${set} { ${element} }`;
}

function elementsFor(addresses: readonly HostAddress[], separation: Separation | undefined): NftElement[] {
  const elements: NftElement[] = [];
  const { family, table } = FORWARD;
  for (const address of addresses) elements.push({ family, table, set: SETS[address.family], element: address.text });
  if (separation === undefined) return elements;
  const { policy, bridge } = separation;
  const name = `"${bridge}"`;
  elements.push({ family, table, set: SETS.apart, element: name });
  const set = policy === 'isolated' ? SETS.isolated : SETS.within;
  elements.push({ family, table, set, element: `${name} . ${name}` });
  return elements;
}

function setUp(): string[] {
  const statements = [
    `add table ${TABLE} { comment "CNI firewall plugin" ; }`,
    `add set ${TABLE} ${SETS[4]} { type ipv4_addr ; }`,
    `add set ${TABLE} ${SETS[6]} { type ipv6_addr ; }`,
    `add set ${TABLE} ${SETS.apart} { type ifname ; }`,
    `add set ${TABLE} ${SETS.within} { type ifname . ifname ; }`,
    `add set ${TABLE} ${SETS.isolated} { type ifname . ifname ; }`,
    `add chain ${TABLE} admin`,
    `add chain ${TABLE} forward { type filter hook forward priority filter ; }`,
    `flush chain ${TABLE} forward`,
  ];
  for (const rule of RULES) statements.push(`add rule ${TABLE} forward ${rule}`);
  return statements;
}

/** The elements of a set in a listing of its table. */
function elementsOf(listing: string, set: string): readonly string[] {
  const found = new RegExp(`\\tset ${set} \\{[^}]*?elements = \\{([^}]*)\\}`).exec(listing)?.[1] ?? '';
  return found.split(',').map((element) => element.trim());
}
