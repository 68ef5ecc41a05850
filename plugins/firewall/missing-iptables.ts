import type { Family } from '../../pkg/addr/address.ts';
import { runFilter, type Site } from '../../pkg/netfilter/program.ts';
import { IPTABLES, restoreLine, seesAll } from '../../pkg/netfilter/restore.ts';
import { containerRules, listedRule, type SharedRule, sharedWords } from './rules.ts';
import type { HostAddress } from './settings.ts';

/** Which rules are missing, one line each in the reference's words. */
export async function missingIptables(
  site: Site,
  families: ReadonlySet<Family>,
  addresses: readonly HostAddress[],
  shared: readonly SharedRule[],
): Promise<string[]> {
  const missing: string[] = [];
  for (const family of families) {
    const rules = shared.map(sharedWords);
    for (const address of addresses) if (address.family === family) rules.push(...containerRules(address));
    if (await seesAll(site, family, 'filter', rules)) continue;
    const table = await runFilter(site, [`${IPTABLES[family]}-save`, '-t', 'filter']);
    for (const rule of shared) {
      const listed = listedRule(rule);
      if (!table.includes(`\n${listed}`)) missing.push(`expected ${rule.chain} rule [${listed.trim()}] not found`);
    }
    for (const address of addresses) {
      if (address.family !== family) continue;
      for (const rule of containerRules(address)) {
        const line = restoreLine(rule);
        if (!table.includes(`\n-A ${line}\n`)) missing.push(`expected rule [${line}] not found`);
      }
    }
  }
  return missing;
}
