import type { MasqueradeBackend } from '../../pkg/netfilter/backend-name.ts';
import {
  type NativeChain,
  rawChainCreation,
  readRule,
  ruleAddition,
  ruleDeletion,
  tableCreation,
  tableDeletion,
} from '../../pkg/netfilter/native-message.ts';
import { type EncodedNftRule, encodeNftRule } from '../../pkg/netfilter/native-nft-rule.ts';
import { type EncodedRule, encodeRule } from '../../pkg/netfilter/native-rule.ts';
import { isSameRule } from '../../pkg/netfilter/native-same.ts';
import { NativeSession } from '../../pkg/netfilter/native-session.ts';
import { isNative } from '../../pkg/netfilter/native-variant.ts';
import { listTable } from '../../pkg/netfilter/nft-text.ts';
import { line } from '../../pkg/netfilter/print.ts';
import { FilterError, Site } from '../../pkg/netfilter/program.ts';
import { type Command, restore, restoreText } from '../../pkg/netfilter/restore.ts';
import { transact } from '../../pkg/netfilter/transact.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import type { WorkAction } from '../../pkg/plan/action.ts';
import type { Message } from '../../pkg/rtnl/message.ts';

/** What the rule is known by, in both backends. */
export const GUARD_COMMENT = 'cni-ts: 127.0.0.0/8 is for lo alone';

/** What nothing but `lo` may bring; with route_localnet a pod could send it to services that trust their own host. */
const MARTIAN = '127.0.0.0/8';

const CHAINS: Readonly<Record<MasqueradeBackend, NativeChain>> = {
  iptables: { family: 4, table: 'raw', chain: 'PREROUTING' },
  nftables: { family: 4, table: 'cni_ts_localnet', chain: 'prerouting' },
};
const NFT_TABLE = `ip ${CHAINS.nftables.table}`;
const NFT_CHAIN = `${NFT_TABLE} ${CHAINS.nftables.chain}`;
const NFT_RULE = `iifname != "lo" ip daddr ${MARTIAN} drop`;
const IPTABLES_RULE: Command = [
  ...['-d', MARTIAN, '!', '-i', 'lo'],
  ...['-m', 'comment', '--comment', GUARD_COMMENT, '-j', 'DROP'],
];

const NFT_ADDITION: readonly string[] = [
  `add table ${NFT_TABLE}`,
  `add chain ${NFT_CHAIN} { type filter hook prerouting priority -300 ; }`,
  `flush chain ${NFT_CHAIN}`,
  `add rule ${NFT_CHAIN} ${NFT_RULE} comment "${GUARD_COMMENT}"`,
];
/** Nothing is to be deleted that is not there. */
const NFT_REMOVAL: readonly string[] = [`add table ${NFT_TABLE}`, `delete table ${NFT_TABLE}`];

/** Has packets for 127.0.0.0/8 dropped that come from a link; as often as anybody likes. */
export function guardLoopback(backend: MasqueradeBackend): WorkAction {
  return {
    kind: 'netfilter',
    print: (place) => printed(place, backend, true),
    async run(context) {
      const site = new Site(context);
      if (await guardNatively(site, backend)) return {};
      if (backend === 'nftables') {
        await transact(site, NFT_ADDITION);
      } else if (!(await isAccepted(site, ['-C', 'PREROUTING', ...IPTABLES_RULE]))) {
        await restore(site, 4, restoreText([['-I', 'PREROUTING', '1', ...IPTABLES_RULE]], 'raw'));
      }
      return {};
    },
  };
}

/** Whether the rule of {@link guardLoopback} is there. */
export async function isLoopbackGuarded(site: Site, backend: MasqueradeBackend): Promise<boolean> {
  const isSeen = await talk(site, backend, (session, rules) => {
    return session.list(CHAINS[backend], GUARD_COMMENT)?.some((message) => isGuard(message, rules)) === true;
  });
  if (isSeen) return true;
  if (backend === 'iptables') return isAccepted(site, ['-C', 'PREROUTING', ...IPTABLES_RULE]);
  const { chain, table } = CHAINS.nftables;
  const rules = (await listTable(site, 'ip', table)) ?? [];
  return rules.some((rule) => rule.chain === chain && rule.comment === GUARD_COMMENT);
}

/** Removes the rule of {@link guardLoopback}; one that is not there is fine. */
export function unguardLoopback(backend: MasqueradeBackend): WorkAction {
  return {
    kind: 'netfilter',
    print: (place) => printed(place, backend, false),
    async run(context) {
      const site = new Site(context);
      if (await unguardNatively(site, backend)) return {};
      if (backend === 'nftables') await transact(site, NFT_REMOVAL);
      else await isAccepted(site, ['-D', 'PREROUTING', ...IPTABLES_RULE]);
      return {};
    },
  };
}

/** Whether iptables did it; `false` when there is no such rule. */
async function isAccepted(site: Site, command: Command): Promise<boolean> {
  try {
    await restore(site, 4, restoreText([command], 'raw'));
    return true;
  } catch (thrown) {
    if (!(thrown instanceof FilterError) || thrown.wasEnded) throw thrown;
    return false;
  }
}

async function guardNatively(site: Site, backend: MasqueradeBackend): Promise<boolean> {
  return talk(site, backend, (session, [rule, ...variants]) => {
    const chain = CHAINS[backend];
    if (rule === undefined) return false;
    const listed = session.list(chain, GUARD_COMMENT);
    if (listed === undefined) return false;
    if (listed.some((message) => isGuard(message, [rule, ...variants]))) return true;
    // In front: what others accept there nobody looks at any more.
    const addition = ruleAddition(chain, rule, 'first');
    const all = [tableCreation(chain), rawChainCreation(chain), addition];
    if (backend === 'nftables') return session.commit(all, 'adds');
    // That table is nearly always there, and making it anew keeps whoever closes a socket for some milliseconds.
    return session.commit([addition], 'adds') || session.commit(all, 'adds');
  });
}

async function unguardNatively(site: Site, backend: MasqueradeBackend): Promise<boolean> {
  return talk(site, backend, (session, rules) => {
    const chain = CHAINS[backend];
    if (backend === 'nftables') return session.commit([tableCreation(chain), tableDeletion(chain)], 'removes');
    const listed = session.list(chain, GUARD_COMMENT);
    if (listed === undefined) return false;
    const deletions: Uint8Array[] = [];
    for (const message of listed) {
      const found = isGuard(message, rules) ? readRule(message, 4) : undefined;
      if (found !== undefined) deletions.push(ruleDeletion(found));
    }
    // One that is written in another way is left to the program.
    return deletions.length === listed.length && session.commit(deletions, 'removes');
  });
}

type Encoded = EncodedRule | EncodedNftRule;

/** Does something with the kernel itself, which knows the rule in one of these ways; `false` when that cannot be. */
async function talk(
  site: Site,
  backend: MasqueradeBackend,
  work: (session: NativeSession, rules: readonly Encoded[]) => boolean,
): Promise<boolean> {
  if (site.onlyPrograms || !isNative(backend)) return false;
  const session = NativeSession.in(site.place);
  if (session === undefined) return false;
  try {
    return work(session, await encoded(backend));
  } catch {
    return false;
  } finally {
    session.close();
  }
}

/** As it is written here, and as a newer iptables writes it. */
async function encoded(backend: MasqueradeBackend): Promise<readonly Encoded[]> {
  if (backend === 'nftables') {
    return [encodeNftRule(NFT_RULE, GUARD_COMMENT) ?? []].flat();
  }
  return [encodeRule(4, IPTABLES_RULE, 'old') ?? [], encodeRule(4, IPTABLES_RULE, 'new') ?? []].flat();
}

function isGuard(message: Message, rules: readonly Encoded[]): boolean {
  for (const rule of rules) if (isSameRule(message, rule)) return true;
  return false;
}

function printed(place: Netns, backend: MasqueradeBackend, isAddition: boolean): string[] {
  if (backend === 'nftables') {
    return (isAddition ? NFT_ADDITION : NFT_REMOVAL).map((statement) => line(place, 'nft', statement));
  }
  const iptables = (...words: Command): string => line(place, 'iptables', '-t', 'raw', ...words);
  if (!isAddition) return [iptables('-D', 'PREROUTING', ...IPTABLES_RULE)];
  const insertion = iptables('-I', 'PREROUTING', '1', ...IPTABLES_RULE);
  return [`${iptables('-C', 'PREROUTING', ...IPTABLES_RULE)} || ${insertion}`];
}
