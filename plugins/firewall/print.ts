import { line } from '../../pkg/netfilter/print.ts';
import { type Command, IPTABLES } from '../../pkg/netfilter/restore.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { isBuiltIn } from './iptables.ts';
import { openStatements } from './nftables.ts';
import type { Opening } from './open.ts';
import { containerRules, policyRules, type SharedRule, sharedCommand, sharedRules } from './rules.ts';

/** What a person types to let a container's packets pass; what all share may be there already. */
export function printOpening(place: Netns, opening: Opening): string[] {
  const { backend, addresses, separation, separator, adminChain, zone } = opening;
  const nft = (own: Opening['addresses']) => openStatements(own, separation).map((text) => line(place, 'nft', text));
  if (backend === 'nftables') return nft(addresses);
  const apart = separation === undefined ? [] : policyRules(separation.policy, separation.bridge);
  if (backend === 'iptables') return printIptables(place, opening, [...sharedRules(adminChain), ...apart]);
  const sources = addresses.map(({ text, family }) => `--add-source=${text}/${family === 4 ? 32 : 128}`);
  const zoned = sources.map((source) => line(place, 'firewall-cmd', `--zone=${zone}`, source));
  if (separation === undefined) return zoned;
  return [...zoned, ...(separator === 'nftables' ? nft([]) : printIptables(place, opening, apart))];
}

function printIptables(place: Netns, { addresses, backend }: Opening, shared: readonly SharedRule[]): string[] {
  return ([4, 6] as const).flatMap((family) => {
    const own = addresses.filter((address) => address.family === family);
    if (own.length === 0) return [];
    const iptables = (...command: Command): string => line(place, IPTABLES[family], '-t', 'filter', ...command);
    const rules = backend === 'iptables' ? own.flatMap((address) => containerRules(address)) : [];
    return [
      ...chainsIn(shared).map((chain) => `${iptables('-N', chain)} || true`),
      ...shared.map((rule) => `${iptables(...lookUp(rule))} || ${iptables(...sharedCommand(rule))}`),
      ...rules.map((rule) => iptables('-A', ...rule)),
    ];
  });
}

function chainsIn(shared: readonly SharedRule[]): readonly string[] {
  const named = shared.flatMap(({ chain, target }) => [chain, target]);
  return [...new Set(named.filter((name) => !isBuiltIn(name)))];
}

function lookUp({ chain, match, comment, target }: SharedRule): Command {
  return ['-C', chain, ...match, '-m', 'comment', '--comment', comment, '-j', target];
}
