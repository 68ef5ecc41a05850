import { type NatTable, readNatTable } from '../../../pkg/netfilter/iptables-save.ts';
import { rulesWith } from '../../../pkg/netfilter/masquerade-nft.ts';
import { attachmentPrefix, chainName } from '../../../pkg/netfilter/names.ts';
import type { NftRule } from '../../../pkg/netfilter/nft-list.ts';
import { isMissing, type Site } from '../../../pkg/netfilter/program.ts';
import { recordsOf } from '../../../pkg/record/store.ts';
import type { Attachment } from '../../../pkg/types/attachment.ts';
import { notesOf as bridgeNotes } from '../../../plugins/bridge/notes.ts';
import { Localnet } from '../../../plugins/portmap/localnet.ts';
import { isLoopbackGuarded } from '../../../plugins/portmap/loopback-guard.ts';
import { notesOf as portmapNotes } from '../../../plugins/portmap/notes.ts';
import { CHAIN, chainOf } from '../../../plugins/portmap/rules-iptables.ts';
import { pluginNamed } from '../../../plugins/table.ts';
import { detachment } from '../../detached.ts';
import type { Check, Diagnosis } from '../check.ts';
import type { JudgedRecord, Node } from '../node.ts';

/** Rules of containers that are gone, and containers whose rules are. */
export const rules: Check = {
  name: 'rules',
  async run(node) {
    const tables = { v4: await natOf(node.site, 4), v6: await natOf(node.site, 6), nft: await nftOf(node.site) };
    return [...(await orphaned(tables, node)), ...(await flushed(tables, node)), ...(await unguarded(node))];
  },
};

/** All rules of a node that are of one container each. */
interface Tables {
  readonly v4: NatTable;
  readonly v6: NatTable;
  readonly nft: readonly NftRule[];
}

const NOTHING: NatTable = { chains: new Set(), rules: [] };

async function natOf(site: Site, family: 4 | 6): Promise<NatTable> {
  try {
    return await readNatTable(site, family);
  } catch (thrown) {
    if (isMissing(thrown)) return NOTHING;
    throw thrown;
  }
}

async function nftOf(site: Site): Promise<readonly NftRule[]> {
  try {
    return await rulesWith(site, '');
  } catch (thrown) {
    if (isMissing(thrown)) return [];
    throw thrown;
  }
}

const CONTAINER = /^name: "(?<network>[^"]*)" id: "(?<containerId>[^"]*)"$/;

async function orphaned({ v4, v6, nft }: Tables, node: Node): Promise<readonly Diagnosis[]> {
  const known = new Set<string>();
  const prefixes = new Set<string>();
  const note = (attachment: Attachment) => {
    known.add(`${attachment.network}/${attachment.containerId}`);
    prefixes.add(attachmentPrefix(attachment));
  };
  for (const { record } of node.records) note(record);
  for (const { name, leases } of node.leases) {
    for (const { lease } of leases) note({ network: name, ...lease.owner });
  }
  const found = new Map<string, Diagnosis>();
  for (const [program, table] of [
    ['iptables', v4],
    ['ip6tables', v6],
  ] as const) {
    for (const { comment = '', chain: from } of table.rules) {
      const { network, containerId } = CONTAINER.exec(comment)?.groups ?? {};
      // Where a host port leads has a check of its own.
      if (from === CHAIN.dnat) continue;
      if (network === undefined || containerId === undefined || known.has(`${network}/${containerId}`)) continue;
      const chain = chainName(network, containerId);
      // Of the reference's there is no record, nor a lease where the address is from elsewhere.
      if ((await node.holders.find(containerId, addressesIn(table, comment))) !== undefined) continue;
      const remove = table.rules.filter(({ bare }) => bare.endsWith(` ${chain}`)).map(({ text }) => `-D ${text}`);
      const commands = [...remove, `-F ${chain}`, `-X ${chain}`].map((line) => `${program} -t nat ${line}`);
      found.set(`${program} ${chain}`, orphan(`${program}’ chain ${chain}`, containerId, network, commands.join('; ')));
    }
  }
  for (const { comment = '', chain, handle } of nft) {
    if (prefixes.has(comment.slice(0, 33))) continue;
    const [, network = '?', containerId = '?'] = /, net: (.*), if: .*, id: (.*)$/.exec(comment) ?? [];
    const command = `nft delete rule inet cni_plugins_masquerade ${chain} handle ${handle}`;
    found.set(comment, orphan(`an nft rule (handle ${handle})`, containerId, network, command));
  }
  return [...found.values()];
}

/** The container's addresses, in the rules that are about it alone. */
function addressesIn({ rules }: NatTable, comment: string): readonly string[] {
  const found = rules.flatMap((rule) =>
    rule.comment === comment ? (/ -s (\S+)\/(?:32|128) /.exec(rule.bare)?.[1] ?? []) : [],
  );
  return [...new Set(found)];
}

function orphan(what: string, containerId: string, network: string, mend: string): Diagnosis {
  return {
    severity: 'warning',
    found: `${what} is of container ${containerId} (network ${network}), which has neither record nor address`,
    means: 'whoever gets its address next is masqueraded, or reached, as it was',
    mend,
  };
}

async function flushed(tables: Tables, node: Node): Promise<readonly Diagnosis[]> {
  const isDetached = detachment();
  const found: Diagnosis[] = [];
  for (const { record, state } of node.records) {
    const what = state === 'alive' ? missing(record, tables) : undefined;
    // Of one that has no interface any more the rules are rightly gone.
    if (what === undefined || (await isDetached(record))) continue;
    found.push({
      severity: 'error',
      found: `container ${record.containerId} (${record.ifName}, network ${record.network}) has lost its ${what} rules`,
      means: what === 'masquerade' ? 'it reaches nothing outside' : 'nobody reaches its host ports',
      mend: 'cni reload-rules, and deploy/systemd/cni-ts-reload-rules.service against the next flush',
      fix: async () => {
        const context = { environment: node.environment, records: recordsOf(node.environment), warn: () => {} };
        await pluginNamed(record.plugin)?.restoreRules?.(record, context);
        return `made the ${what} rules of container ${record.containerId} again`;
      },
    });
  }
  return found;
}

/** Pods reach what listens on 127.0.0.1 when the rule is gone that goes with route_localnet. */
async function unguarded({ environment, site }: Node): Promise<readonly Diagnosis[]> {
  const localnet = new Localnet(environment, {}, () => {});
  const backend = localnet.guardedBy;
  if (backend === undefined || (await isLoopbackGuarded(site, backend))) return [];
  return [
    {
      severity: 'error',
      found: `the rule of ${backend} that drops what links bring for 127.0.0.0/8 is gone`,
      means: 'pods with CAP_NET_RAW can send to services that listen on 127.0.0.1 of this host',
      mend: 'cni reload-rules, and deploy/systemd/cni-ts-reload-rules.service against the next flush',
      fix: async () => {
        await localnet.restoreGuard();
        return 'made the rule for 127.0.0.0/8 again';
      },
    },
  ];
}

function missing(record: JudgedRecord['record'], { v4, v6, nft }: Tables): 'masquerade' | 'host port' | undefined {
  const { network, containerId, plugin, data } = record;
  // A flush leaves empty chains; what leads to them is what counts.
  const leadsTo = (chain: string) => [...v4.rules, ...v6.rules].some(({ bare }) => bare.endsWith(` ${chain}`));
  if (plugin === 'bridge') {
    const { masquerade, addresses } = bridgeNotes(data);
    if (masquerade.length === 0 || addresses.length === 0) return undefined;
    const prefix = attachmentPrefix(record);
    const isThere = leadsTo(chainName(network, containerId)) || nft.some(({ comment }) => comment?.startsWith(prefix));
    return isThere ? undefined : 'masquerade';
  }
  if (plugin !== 'portmap') return undefined;
  const { backends, forwarding } = portmapNotes(data);
  const isSure = backends.length === 1 && backends[0] === 'iptables' && (forwarding?.mappings.length ?? 0) > 0;
  return isSure && !leadsTo(chainOf(record)) ? 'host port' : undefined;
}
