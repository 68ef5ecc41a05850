import type { Family } from '../addr/address.ts';
import type { Attachment } from '../types/attachment.ts';
import type { MasqueradedAddress } from './address.ts';
import { chainName, iptablesComment } from './names.ts';
import type { Command } from './restore.ts';

/** All multicast addresses: they are not masqueraded. */
export const MULTICAST: Readonly<Record<Family, string>> = { 4: '224.0.0.0/4', 6: 'ff00::/8' };

/** The commands that make the rules of addresses of one family, besides the chain; each rule once. */
export function additions(key: Attachment, addresses: readonly MasqueradedAddress[]): Command[] {
  const chain = chainName(key.network, key.containerId);
  const comment = ['-m', 'comment', '--comment', iptablesComment(key.network, key.containerId)];
  const commands = new Map<string, Command>();
  const add = (name: string, ...words: string[]): void => {
    if (!commands.has(name)) commands.set(name, ['-A', ...words, ...comment]);
  };
  for (const { family, address, prefix, network } of addresses) {
    add(`to ${network}`, chain, '-d', prefix, '-j', 'ACCEPT');
    add('to others', chain, '!', '-d', MULTICAST[family], '-j', 'MASQUERADE');
    add(`from ${address}`, 'POSTROUTING', '-s', address, '-j', chain);
  }
  return [...commands.values()];
}

/** The commands that remove what the commands of {@link additions} made, and the chain. */
export function removals(key: Attachment, addresses: readonly MasqueradedAddress[]): Command[] {
  const chain = chainName(key.network, key.containerId);
  const jumps = additions(key, addresses).filter((command) => command[1] === 'POSTROUTING');
  return [...jumps.map((command) => ['-D', ...command.slice(1)]), ['-F', chain], ['-X', chain]];
}
