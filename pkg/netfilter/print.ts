import type { Family } from '../addr/address.ts';
import type { Netns } from '../netns/netns.ts';
import { quote } from '../plan/action.ts';
import type { Attachment } from '../types/attachment.ts';
import type { MasqueradedAddress } from './address.ts';
import type { MasqueradeBackend } from './backend-name.ts';
import { nftAdditions, TABLE } from './masquerade-nft.ts';
import { attachmentPrefix, chainName } from './names.ts';
import { type Command, IPTABLES } from './restore.ts';
import { additions, removals } from './rule.ts';

/** What a person types to add the rules one by one. */
export function printAdditions(
  place: Netns,
  key: Attachment,
  addresses: readonly MasqueradedAddress[],
  backend: MasqueradeBackend,
): string[] {
  if (backend === 'nftables') return nftAdditions(key, addresses).map((statement) => line(place, 'nft', statement));
  return eachFamily(addresses, (family, own) => {
    const commands: Command[] = [['-N', chainName(key.network, key.containerId)], ...additions(key, own)];
    return commands.map((command) => iptablesLine(place, family, command));
  });
}

/** What a person types to remove them. */
export function printRemovals(
  place: Netns,
  key: Attachment,
  addresses: readonly MasqueradedAddress[] | undefined,
  backend: MasqueradeBackend,
): string[] {
  if (backend === 'nftables') return [nftRemoval(place, key)];
  if (addresses === undefined) return [iptablesRemoval(place, key, 4), iptablesRemoval(place, key, 6)];
  return eachFamily(addresses, (family, own) =>
    removals(key, own).map((command) => iptablesLine(place, family, command)),
  );
}

/** A command line in a place. */
export function line(place: Netns, ...argv: readonly string[]): string {
  return [...place.prefix, ...argv].map(quote).join(' ');
}

function iptablesLine(place: Netns, family: Family, command: Command): string {
  return line(place, IPTABLES[family], '-t', 'nat', ...command);
}

function iptablesRemoval(place: Netns, key: Attachment, family: Family): string {
  const chain = chainName(key.network, key.containerId);
  const save = line(place, `${IPTABLES[family]}-save`, '-t', 'nat');
  const restore = line(place, `${IPTABLES[family]}-restore`, '--noflush', '--wait');
  const jumps = `sed -n 's/^-A \\(POSTROUTING .* -j ${chain}\\)$/-D \\1/p'`;
  return `(echo '*nat'; ${save} | ${jumps}; echo ':${chain} - [0:0]'; echo '-X ${chain}'; echo COMMIT) | ${restore}`;
}

function nftRemoval(place: Netns, key: Attachment): string {
  const chain = `${TABLE} masq_checks`;
  const list = line(place, 'nft', '-a', 'list', 'chain', ...chain.split(' '));
  const rules = `sed -n 's/.* comment "${attachmentPrefix(key)}.* # handle \\([0-9]*\\)$/delete rule ${chain} handle \\1/p'`;
  return `${list} | ${rules} | ${line(place, 'nft', '-f', '-')}`;
}

function eachFamily(
  addresses: readonly MasqueradedAddress[],
  print: (family: Family, addresses: readonly MasqueradedAddress[]) => string[],
): string[] {
  return ([4, 6] as const).flatMap((family) => {
    const own = addresses.filter((address) => address.family === family);
    return own.length === 0 ? [] : print(family, own);
  });
}
