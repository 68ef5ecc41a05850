import type { Family } from '../../pkg/addr/address.ts';
import type { MasqueradeBackend } from '../../pkg/netfilter/backend-name.ts';
import { type NatTable, readNatTable } from '../../pkg/netfilter/iptables-save.ts';
import { listTable } from '../../pkg/netfilter/nft-text.ts';
import { isMissing, type Site } from '../../pkg/netfilter/program.ts';
import { entriesIn } from './found-iptables.ts';
import { mappedRule } from './listed-rule.ts';
import { IP, TABLE_NAME } from './rules-nft.ts';

/** A port of the host that a rule leads to a container, whoever made the rule. */
export interface MappedPort {
  readonly protocol: string;
  readonly hostPort: number;
  /** The host's address that counts; '' for all of the family. */
  readonly hostIp: string;
  /** The container's. */
  readonly address: string;
  readonly containerPort: number;
  readonly containerId: string;
  /** '' where the rule does not say it: those of nft do not. */
  readonly network: string;
}

/** A place where rules can be. */
export interface RuleSource {
  readonly backend: MasqueradeBackend;
  readonly family: Family;
}

/** All of them. */
export const RULE_SOURCES: readonly RuleSource[] = [
  { backend: 'iptables', family: 4 },
  { backend: 'iptables', family: 6 },
  { backend: 'nftables', family: 4 },
  { backend: 'nftables', family: 6 },
];

/** What the kernel maps by chains and tables of portmap's; what a program that is missing would tell is none. */
export async function mappedPorts(site: Site, sources: readonly RuleSource[]): Promise<readonly MappedPort[]> {
  const found = await Promise.all(
    sources.map(async ({ backend, family }) => {
      if (backend === 'nftables') return inNft(site, family);
      return inIptables(await unlessMissing(readNatTable(site, family)));
    }),
  );
  return found.flat();
}

async function unlessMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
}

function inIptables(table: NatTable | undefined): readonly MappedPort[] {
  if (table === undefined) return [];
  const entries = entriesIn(table);
  return table.rules.flatMap(({ chain, bare }) => {
    const owner = entries.get(chain);
    const [, protocol] = / -p (\S+)/.exec(bare) ?? [];
    const [, hostPort] = / --dport (\d+)/.exec(bare) ?? [];
    const [, target = ''] = / -j DNAT --to-destination (\S+)/.exec(bare) ?? [];
    const [, hostIp = ''] = / -d (\S+?)(?:\/(?:32|128))? /.exec(bare) ?? [];
    const led = socketIn(target);
    if (owner === undefined || protocol === undefined || hostPort === undefined || led === undefined) return [];
    return [{ ...owner, protocol, hostPort: Number(hostPort), hostIp, ...led }];
  });
}

async function inNft(site: Site, family: Family): Promise<readonly MappedPort[]> {
  const rules = (await unlessMissing(listTable(site, IP[family], TABLE_NAME))) ?? [];
  return rules.flatMap(({ text, comment: containerId }) => {
    const rule = mappedRule(text);
    const led = socketIn(rule?.target ?? '');
    if (rule === undefined || containerId === undefined || led === undefined) return [];
    const { protocol, port: hostPort, hostIp } = rule;
    return [{ containerId, network: '', protocol, hostPort, hostIp, ...led }];
  });
}

/** `10.1.2.3:80`, `[fd00::2]:80` */
function socketIn(text: string): Pick<MappedPort, 'address' | 'containerPort'> | undefined {
  const [, v6, v4, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
  const address = v6 ?? v4;
  return address === undefined ? undefined : { address, containerPort: Number(port) };
}
