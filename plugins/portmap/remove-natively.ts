import { NativeRemoval } from '../../pkg/netfilter/native.ts';
import type { Site } from '../../pkg/netfilter/program.ts';
import { familiesIn } from './forwarding.ts';
import { CHAIN, chainOf } from './rules-iptables.ts';
import { CONTAINER_CHAINS, nftCommentOf, TABLE_NAME } from './rules-nft.ts';
import { sharersOf, type Target } from './target.ts';

/**
 * Removes an attachment's rules without a program, when it is known what they are and they are there; `false` when a
 * program has to look. Rules that iptables made are found here too, unless it is the legacy one.
 */
export function removeNatively(site: Site, target: Target, backend: 'iptables' | 'nftables'): boolean {
  const { forwarding } = target;
  const isShared = backend === 'iptables' ? sharersOf(target).length > 0 : target.others.length > 0;
  if (site.onlyPrograms || forwarding === undefined || isShared) return false;
  const removal = NativeRemoval.in(site.place);
  if (removal === undefined) return false;
  try {
    for (const { family } of familiesIn(forwarding)) {
      const isFound =
        backend === 'iptables'
          ? removal.chainWithJumps({ family, table: 'nat', chain: chainOf(target) }, CHAIN.dnat)
          : removal.rulesWithComment(family, TABLE_NAME, CONTAINER_CHAINS, nftCommentOf(target.containerId));
      if (!isFound) return false;
    }
    return removal.commit();
  } catch {
    return false;
  } finally {
    removal.close();
  }
}
