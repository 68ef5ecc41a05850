import type { Family } from '../addr/address.ts';
import type { Attachment } from '../types/attachment.ts';
import { type MasqueradedAddress, readAddresses } from './address.ts';
import { type Jump, jumpsIn, type NatTable, readNatTable } from './iptables-save.ts';
import type { AddOptions } from './masquerade.ts';
import { chainName } from './names.ts';
import { retryOnConflict, type Site } from './program.ts';
import { type Command, restore, restoreText } from './restore.ts';
import { additions, MULTICAST } from './rule.ts';

/** Adds to what is there: leftovers of the attachment go, the rules of the container's other interfaces stay. */
export async function addToFound(
  site: Site,
  key: Attachment,
  addresses: readonly MasqueradedAddress[],
  family: Family,
  options: AddOptions,
): Promise<void> {
  const chain = chainName(key.network, key.containerId);
  const own = [...addresses, ...readAddresses(options.formerAddresses ?? [])];
  await retryOnConflict(site, async () => {
    const table = await readNatTable(site, family);
    const jumps = jumpsIn(table).filter((jump) => jump.chain === chain);
    const stale = jumps.filter((jump) => isFrom(jump, own));
    const wanted = additions(key, addresses);
    const isShared = stale.length < jumps.length;
    // The declaration makes the chain, or empties it.
    const commands = isShared
      ? wanted.filter((command) => !isThere(table, command, addresses))
      : [`:${chain} - [0:0]`, ...wanted];
    await restore(site, family, restoreText([...stale.map(deletion), ...commands]));
  });
}

/** Removes what is there, in whatever form. */
export async function removeFound(
  site: Site,
  key: Attachment,
  addresses: readonly MasqueradedAddress[] | undefined,
  family: Family,
): Promise<void> {
  const chain = chainName(key.network, key.containerId);
  await retryOnConflict(site, async () => {
    const table = await readNatTable(site, family);
    const jumps = jumpsIn(table).filter((jump) => jump.chain === chain);
    const own = addresses === undefined ? jumps : jumps.filter((jump) => isFrom(jump, addresses));
    const isShared = own.length < jumps.length;
    const commands = own.map(deletion);
    if (!isShared && table.chains.has(chain)) commands.push(`-F ${chain}`, `-X ${chain}`);
    if (commands.length > 0) await restore(site, family, restoreText(commands));
  });
}

/** The line that removes a rule which a look has found. */
export function deletion({ rule }: Jump): string {
  return `-D ${rule.text}`;
}

/** Old versions of the plugins wrote the whole network. */
function isFrom({ source }: Jump, addresses: readonly MasqueradedAddress[]): boolean {
  return addresses.some(({ host, network }) => source === host || source === network);
}

/** Whether a rule of a chain that is shared is there already; jumps have been removed. */
function isThere({ rules }: NatTable, command: Command, addresses: readonly MasqueradedAddress[]): boolean {
  const [, chain = ''] = command;
  if (chain === 'POSTROUTING') return false;
  const target = addresses.find(({ prefix }) => command.includes(prefix));
  const bare =
    target === undefined
      ? `${chain} ! -d ${MULTICAST[addresses[0]?.family ?? 4]} -j MASQUERADE`
      : `${chain} -d ${target.network} -j ACCEPT`;
  return rules.some((rule) => rule.bare === bare);
}
