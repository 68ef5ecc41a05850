import { HolderSearch } from '../../pkg/libcni/holder.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { namespaceCensus } from '../../pkg/record/census.ts';
import { isAlive, recordsOf } from '../../pkg/record/store.ts';
import type { Environment } from '../../pkg/skel/plugin.ts';
import { attachmentKey } from '../../pkg/types/attachment.ts';
import { toCniError } from '../../pkg/types/error.ts';
import type { Claim } from './claim.ts';
import { type ListedClaim, PortClaims } from './claims.ts';
import { forgetFlows } from './flows.ts';
import { unnotedPorts } from './foreign.ts';
import { removeForwarding } from './forward.ts';
import { Localnet } from './localnet.ts';
import { evictedFrom } from './ports.ts';

/** What became of the ports of dead containers. */
export interface ReleasedPorts {
  readonly released: readonly ListedClaim[];
  /** Why some could not be released, one line each. */
  readonly failures: readonly string[];
}

/** Removes the rules, claims and records of containers that are proven dead, and of no others. */
export async function releaseDeadPorts(
  environment: Environment,
  warn: (line: string) => void,
  isWanted: (claim: Claim) => boolean = () => true,
): Promise<ReleasedPorts> {
  const records = recordsOf(environment);
  const claims = new PortClaims(records.folder);
  const options = await runOptions(environment, 'portmap');
  const localnet = new Localnet(environment, options, warn);
  const isInUse = namespaceCensus();
  const isGone = (claim: Pick<Claim, 'bootId' | 'netns'>): boolean => isAlive(claim, isInUse) === 'dead';
  const noted = claims.listed();
  const unnoted = await unnotedPorts(noted, new HolderSearch(environment));
  const dead = [...noted, ...unnoted].filter(({ claim }) => isWanted(claim) && isGone(claim));
  const ofOwner = byOwner(dead);
  const owners = [...ofOwner.values()].flatMap(([first]) => first?.claim ?? []);
  const released: ListedClaim[] = [];
  const failures: string[] = [];
  for (const { claim, record, target } of evictedFrom(owners, records)) {
    const own = ofOwner.get(attachmentKey(claim)) ?? [];
    try {
      await runPlan(new Plan().do(ownNetns(), removeForwarding(target)), options);
      if (target.forwarding !== undefined) await forgetFlows(target.forwarding, 'removed', warn);
      // Those alone: the same attachment may have been made anew meanwhile.
      await claims.remove(own);
      const now = record && records.find(record, record.plugin);
      if (now !== undefined && isGone(now)) records.remove(now);
      released.push(...own);
    } catch (thrown) {
      failures.push(`${claim.containerId} (${claim.ifName}): ${toCniError(thrown)}`);
    }
  }
  await localnet.close();
  return { released, failures };
}

function byOwner(claims: readonly ListedClaim[]): ReadonlyMap<string, readonly ListedClaim[]> {
  const owners = new Map<string, ListedClaim[]>();
  for (const one of claims) {
    const known = owners.get(attachmentKey(one.claim));
    if (known === undefined) owners.set(attachmentKey(one.claim), [one]);
    else known.push(one);
  }
  return owners;
}
