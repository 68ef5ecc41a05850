import type { MasqueradeBackend } from '../../pkg/netfilter/backend-name.ts';
import { line } from '../../pkg/netfilter/print.ts';
import { type Command, IPTABLES } from '../../pkg/netfilter/restore.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { quote } from '../../pkg/plan/action.ts';
import { sharedChains } from './add-iptables.ts';
import { type Forwarding, familiesIn, type RuleKey } from './forwarding.ts';
import { removeKnown } from './remove-iptables.ts';
import { chainOf, containerRules, entryRules, sharedRules } from './rules-iptables.ts';
import { IP, nftAdditions, nftCommentOf, setUp, TABLE_NAME } from './rules-nft.ts';
import type { Target } from './target.ts';

/** What a person types to add the rules one by one. */
export function printAdditions(
  place: Netns,
  key: RuleKey,
  forwarding: Forwarding,
  backend: MasqueradeBackend,
): string[] {
  return familiesIn(forwarding).flatMap((own) => {
    if (backend === 'nftables') {
      const statements = [...setUp(forwarding, own), ...nftAdditions(key.containerId, forwarding, own)];
      return statements.map((statement) => line(place, 'nft', statement));
    }
    const iptables = (...command: Command): string => line(place, IPTABLES[own.family], '-t', 'nat', ...command);
    // What all containers share may be there already.
    return [
      ...sharedChains(forwarding).map((chain) => `${iptables('-N', chain)} || true`),
      ...sharedRules(forwarding).map(({ chain, rule, first }) => {
        const addition = first ? ['-I', chain, '1', ...rule] : ['-A', chain, ...rule];
        return `${iptables('-C', chain, ...rule)} || ${iptables(...addition)}`;
      }),
      iptables('-N', chainOf(key)),
      ...containerRules(key, forwarding, own).map((rule) => iptables('-A', ...rule)),
      ...entryRules(key, forwarding, own).map((rule) => iptables('-A', ...rule)),
    ];
  });
}

/** What a person types to remove them. */
export function printRemovals(place: Netns, target: Target): string[] {
  return target.backends.flatMap((backend) =>
    ([4, 6] as const).flatMap((family) => {
      if (backend === 'nftables') return [nftRemoval(place, target, IP[family])];
      const known = removeKnown(target, family) ?? [
        ['-F', chainOf(target)],
        ['-X', chainOf(target)],
      ];
      return known.map((command) => line(place, IPTABLES[family], '-t', 'nat', ...command));
    }),
  );
}

function nftRemoval(place: Netns, { containerId }: Target, family: 'ip' | 'ip6'): string {
  const table = `${family} ${TABLE_NAME}`;
  const list = line(place, 'nft', '-a', 'list', 'table', ...table.split(' '));
  const deletion = `print "delete rule ${table} " chain " handle " $NF`;
  const rules = `/^\tchain / { chain = $2 } /comment "${nftCommentOf(containerId)}"/ { ${deletion} }`;
  return `${list} | awk ${quote(rules)} | ${line(place, 'nft', '-f', '-')}`;
}
