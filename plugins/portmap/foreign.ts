import { Site } from '../../pkg/netfilter/program.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { podFrom } from '../../pkg/record/record.ts';
import { bootId } from '../../pkg/record/store.ts';
import { HolderSearch } from '../../pkg/runtime/holder.ts';
import type { Environment } from '../../pkg/skel/plugin.ts';
import type { Claim } from './claim.ts';
import { type MappedPort, mappedPorts, type RuleSource } from './mapped.ts';
import type { UnclaimedPorts } from './unclaimed.ts';

const TIMEOUT_MS = 30_000;

/** What the kernel's rules map, as if it had been noted; of a container without a namespace nobody will think it alive. */
export async function foreignClaims(
  environment: Environment,
  sources: readonly RuleSource[],
  isWanted: (mapped: MappedPort) => boolean,
): Promise<UnclaimedPorts> {
  const mapped = await mappedPorts(new Site({ place: ownNetns(), timeoutMs: TIMEOUT_MS }), sources);
  return claimsOf(mapped.filter(isWanted), new HolderSearch(environment));
}

/** The same for mappings that are known; one claim for each port and container. */
export async function claimsOf(mapped: readonly MappedPort[], holders: HolderSearch): Promise<UnclaimedPorts> {
  const containers = new Map<string, MappedPort[]>();
  for (const one of mapped) {
    const known = containers.get(one.containerId);
    if (known === undefined) containers.set(one.containerId, [one]);
    else known.push(one);
  }
  const ports = new Map<string, Claim[]>();
  for (const [containerId, own] of containers) {
    const owner = await ownerOf(containerId, own, holders);
    const hostIps = new Map<string, Set<string>>();
    for (const { protocol, hostPort, hostIp } of own) {
      const port = `${protocol}-${hostPort}`;
      const known = hostIps.get(port) ?? new Set();
      hostIps.set(port, known.add(hostIp));
    }
    for (const [port, addresses] of hostIps) {
      ports.set(port, [...(ports.get(port) ?? []), { ...owner, hostIps: [...addresses] }]);
    }
  }
  return ports;
}

async function ownerOf(
  containerId: string,
  own: readonly MappedPort[],
  holders: HolderSearch,
): Promise<Omit<Claim, 'hostIps'>> {
  const addresses = [...new Set(own.map(({ address }) => address))];
  const found = await holders.find(containerId, addresses);
  const [cached] = holders.cached(containerId);
  const pod = cached && podFrom(cached.args.map(([key, value]) => `${key}=${value}`).join(';'));
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
