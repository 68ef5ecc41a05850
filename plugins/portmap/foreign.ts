import { HolderSearch } from '../../pkg/libcni/holder.ts';
import { Site } from '../../pkg/netfilter/program.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { bootId } from '../../pkg/record/store.ts';
import type { Environment } from '../../pkg/skel/plugin.ts';
import type { Claim } from './claim.ts';
import { socketAddress } from './forwarding.ts';
import type { ListedClaim } from './judge.ts';
import { type MappedPort, mappedPorts, RULE_SOURCES, type RuleSource } from './mapped.ts';
import type { UnclaimedPorts } from './unclaimed.ts';

/** A port that the kernel's rules lead to a container and that nobody has noted, as if it had been. */
export interface UnnotedPort extends ListedClaim {
  /** Where it leads: `10.88.0.2:80`, one of each family. */
  readonly targets: readonly string[];
}

const TIMEOUT_MS = 30_000;

/** What the kernel's rules map; a container of which there is no namespace any more has none in its claim either. */
export async function foreignClaims(
  environment: Environment,
  sources: readonly RuleSource[],
  isWanted: (mapped: MappedPort) => boolean,
): Promise<UnclaimedPorts> {
  const mapped = (await mappedIn(sources)).filter(isWanted);
  const ports = new Map<string, Claim[]>();
  for (const { port, claim } of await unnotedOf(mapped, new HolderSearch(environment))) {
    ports.set(port, [...(ports.get(port) ?? []), claim]);
  }
  return ports;
}

/** Every port that the kernel's rules lead to a container, but those that are noted. */
export async function unnotedPorts(
  noted: readonly ListedClaim[],
  holders: HolderSearch,
): Promise<readonly UnnotedPort[]> {
  const known = new Set(noted.map(({ port, claim }) => `${port} ${claim.containerId}`));
  const mapped = (await mappedIn(RULE_SOURCES)).filter((one) => !known.has(`${portOf(one)} ${one.containerId}`));
  return unnotedOf(mapped, holders);
}

/** Every port that rules of these places lead to a container. */
export function mappedIn(sources: readonly RuleSource[]): Promise<readonly MappedPort[]> {
  return mappedPorts(new Site({ place: ownNetns(), timeoutMs: TIMEOUT_MS }), sources);
}

async function unnotedOf(mapped: readonly MappedPort[], holders: HolderSearch): Promise<readonly UnnotedPort[]> {
  const found: UnnotedPort[] = [];
  for (const [containerId, own] of groupedBy(mapped, (one) => one.containerId)) {
    const owner = await ownerOf(containerId, own, holders);
    for (const [port, rules] of groupedBy(own, portOf)) {
      const hostIps = [...new Set(rules.map(({ hostIp }) => hostIp))];
      const targets = [...new Set(rules.map(({ address, containerPort }) => socketAddress(address, containerPort)))];
      found.push({ port, claim: { ...owner, hostIps }, targets });
    }
  }
  return found;
}

function portOf({ protocol, hostPort }: MappedPort): string {
  return `${protocol}-${hostPort}`;
}

function groupedBy<T>(all: readonly T[], keyOf: (one: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const known = groups.get(keyOf(one));
    if (known === undefined) groups.set(keyOf(one), [one]);
    else known.push(one);
  }
  return groups;
}

async function ownerOf(
  containerId: string,
  own: readonly MappedPort[],
  holders: HolderSearch,
): Promise<Omit<Claim, 'hostIps'>> {
  const addresses = [...new Set(own.map(({ address }) => address))];
  const found = await holders.find(containerId, addresses);
  const [cached] = holders.cached(containerId);
  const pod = holders.podOf(containerId);
  return {
    containerId,
    ifName: cached?.ifName ?? '',
    network: own.find(({ network }) => network !== '')?.network ?? cached?.network ?? '',
    bootId: bootId(),
    netns: {
      path: found?.path ?? cached?.netns ?? '',
      dev: `${found?.identity.dev ?? ''}`,
      ino: `${found?.identity.ino ?? ''}`,
    },
    ...(pod === undefined ? {} : { pod }),
  };
}
