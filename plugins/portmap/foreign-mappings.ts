import { readNatTable } from '../../pkg/netfilter/iptables-save.ts';
import { lookNatively } from '../../pkg/netfilter/native.ts';
import { commentOf, readRule } from '../../pkg/netfilter/native-message.ts';
import { isIptablesNative } from '../../pkg/netfilter/native-variant.ts';
import { listTable } from '../../pkg/netfilter/nft-text.ts';
import { isMissing, type Site } from '../../pkg/netfilter/program.ts';
import type { RecordStore } from '../../pkg/record/store.ts';
import type { Message } from '../../pkg/rtnl/message.ts';
import { CHAIN } from './rules-iptables.ts';
import { CONTAINER_CHAINS, TABLE_NAME } from './rules-nft.ts';

/** Containers by their ids; `undefined` for a rule that does not say whose it is. */
type Owners = Set<string | undefined>;

/**
 * Whether ports of this host lead to containers that have no record: those of the reference, or of nobody knows whom. What
 * cannot be found out counts as yes.
 */
export async function hasForeignMappings(site: Site, records: RecordStore): Promise<boolean> {
  try {
    for (const owner of seenNatively(site) ?? (await seenByPrograms(site))) {
      const known = owner === undefined ? [] : records.readForContainer(owner).records;
      if (!known.some(({ plugin }) => plugin === 'portmap')) return true;
    }
    return false;
  } catch {
    return true;
  }
}

function seenNatively(site: Site): Owners | undefined {
  if (site.onlyPrograms || !isIptablesNative()) return undefined;
  return lookNatively(site.place, (list) => {
    const owners: Owners = new Set();
    const entries = list({ family: 4, table: 'nat', chain: CHAIN.dnat });
    const rules = list({ family: 4, table: TABLE_NAME, chain: '' });
    if (entries === undefined || rules === undefined) return undefined;
    for (const entry of entries) owners.add(containerIn(textOf(entry)));
    for (const rule of rules) {
      if (CONTAINER_CHAINS.includes(readRule(rule, 4)?.chain ?? '')) owners.add(commentOf(rule) || undefined);
    }
    return owners;
  });
}

async function seenByPrograms(site: Site): Promise<Owners> {
  const owners: Owners = new Set();
  try {
    for (const { chain, comment = '' } of (await readNatTable(site, 4)).rules) {
      if (chain === CHAIN.dnat) owners.add(containerIn(comment));
    }
  } catch (thrown) {
    // Without the program nobody has made such rules.
    if (!isMissing(thrown)) throw thrown;
  }
  try {
    for (const { chain, comment } of (await listTable(site, 'ip', TABLE_NAME)) ?? []) {
      if (CONTAINER_CHAINS.includes(chain)) owners.add(comment);
    }
  } catch (thrown) {
    if (!isMissing(thrown)) throw thrown;
  }
  return owners;
}

/** The container in the comment of an entry. */
function containerIn(text: string): string | undefined {
  return /dnat name: "[^"]*" id: "([^"]*)"/.exec(text)?.[1];
}

function textOf({ body }: Message): string {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1');
}
