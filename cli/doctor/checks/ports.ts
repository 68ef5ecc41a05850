import { namespaceCensus } from '../../../pkg/record/census.ts';
import { isAlive, recordFolder } from '../../../pkg/record/store.ts';
import { AddressSet, type Claim } from '../../../plugins/portmap/claim.ts';
import { type ListedClaim, PortClaims } from '../../../plugins/portmap/claims.ts';
import { unnotedPorts } from '../../../plugins/portmap/foreign.ts';
import type { Check, Diagnosis } from '../check.ts';

/** Host ports that two living containers have, or one that is gone. */
export const ports: Check = {
  name: 'ports',
  async run({ environment, records, holders }) {
    const claims = new PortClaims(recordFolder(environment));
    const noted = claims.listed();
    const unnoted = await unnotedPorts(noted, holders);
    const isInUse = namespaceCensus();
    const isGone = (claim: Claim) => isAlive(claim, isInUse) === 'dead';
    const found: Diagnosis[] = [];
    for (const [port, all] of byPort([...noted, ...unnoted])) {
      const living = all.filter((claim) => !isGone(claim));
      const [first, second] = firstPair(living);
      if (first !== undefined && second !== undefined) {
        found.push({
          severity: 'warning',
          found: `the host port ${port} is of container ${first.containerId} and of container ${second.containerId}`,
          means: 'only one of them is reached',
          mend: 'let one of the pods be made anew with another port',
        });
      }
      for (const claim of all.filter(isGone)) {
        // With its record it is found by that, and goes with it.
        if (records.some(({ record }) => record.plugin === 'portmap' && record.containerId === claim.containerId))
          continue;
        if (unnoted.some((one) => one.claim === claim)) {
          found.push(deadForeign(port, claim));
          continue;
        }
        found.push({
          severity: 'warning',
          found: `the host port ${port} is noted for container ${claim.containerId}, which is gone`,
          means: 'nobody is kept from the port, but the note stays until somebody wants it',
          mend: 'cni doctor --fix removes the note',
          fix: async () => {
            if (isGone(claim)) await claims.remove([{ port, claim }]);
            return `removed the note that container ${claim.containerId} has the host port ${port}`;
          },
        });
      }
    }
    return found;
  },
};

/** The reference's, or one whose note is lost; its rules are found by its name. */
function deadForeign(port: string, { containerId, network }: Claim): Diagnosis {
  return {
    severity: 'warning',
    found: `rules lead the host port ${port} to container ${containerId}${network === '' ? '' : ` (network ${network})`}, of which no namespace is left`,
    means: 'whoever gets its address next is reached by that port, until somebody else asks for the port',
    mend: 'cni ports --fix removes the rules',
  };
}

function byPort(claims: readonly ListedClaim[]): ReadonlyMap<string, readonly Claim[]> {
  const ports = new Map<string, Claim[]>();
  for (const { port, claim } of claims) {
    const known = ports.get(port);
    if (known === undefined) ports.set(port, [claim]);
    else known.push(claim);
  }
  return ports;
}

function firstPair(claims: readonly Claim[]): readonly Claim[] {
  for (const [index, one] of claims.entries()) {
    const own = new AddressSet(one.hostIps);
    const other = claims
      .slice(index + 1)
      .find((claim) => claim.containerId !== one.containerId && own.overlaps(claim.hostIps));
    if (other !== undefined) return [one, other];
  }
  return [];
}
