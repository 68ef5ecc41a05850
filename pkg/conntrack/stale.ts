import { type Family, formatAddress, parseAddress } from '../addr/address.ts';
import type { FlushedMapping } from './flush.ts';

/** What stands for all addresses of a family. */
const UNSPECIFIED = { 4: '0.0.0.0', 6: '::' } as const;

/** A mapping whose addresses can be compared with those of flows. */
export interface Target extends FlushedMapping {
  readonly family: Family;
}

/** Where a flow was sent to, and who answers it: who that is instead, when it was translated. */
export interface Flow {
  readonly destination: string;
  readonly port: number;
  readonly answeredBy: string;
  readonly answeredFrom: number;
}

/** Whether an address belongs to the host. */
export type IsLocal = (address: string) => boolean;

/** The mappings with their addresses in one spelling, without those that no flow can belong to. */
export function targetsOf(mappings: readonly FlushedMapping[]): readonly Target[] {
  const targets: Target[] = [];
  for (const { hostIp = '', container, ...mapping } of mappings) {
    const address = parseAddress(container.address);
    if (address === undefined) continue;
    const { family } = address;
    const target = { ...mapping, family, container: { address: formatAddress(address), port: container.port } };
    const host = parseAddress(hostIp === '' ? UNSPECIFIED[family] : hostIp);
    // There is no translation from one family to the other.
    if (host?.family !== family) continue;
    targets.push(host.value === 0n ? target : { ...target, hostIp: formatAddress(host) });
  }
  return targets;
}

/** Targets of one family, protocol and port: there may be thousands, each with another address of the host. */
export interface PortTargets extends Pick<Target, 'family' | 'protocol' | 'hostPort'> {
  /** Whether one of them makes a flow to their port stale. */
  makeStale(flow: Flow, isLocal: IsLocal): boolean;
}

/** The targets by what flows are asked for by. */
export function targetsByPort(targets: readonly Target[]): readonly PortTargets[] {
  const ports = new Map<string, { readonly first: Target; readonly byAddress: Map<string, Target[]> }>();
  for (const target of targets) {
    const key = `${target.family} ${target.protocol} ${target.hostPort}`;
    const port = ports.get(key) ?? { first: target, byAddress: new Map<string, Target[]>() };
    ports.set(key, port);
    const address = target.hostIp ?? '';
    const known = port.byAddress.get(address);
    if (known === undefined) port.byAddress.set(address, [target]);
    else known.push(target);
  }
  const found: PortTargets[] = [];
  for (const { first, byAddress } of ports.values()) {
    const { family, protocol, hostPort } = first;
    const makeStale = (flow: Flow, isLocal: IsLocal): boolean => {
      for (const address of [flow.destination, '']) {
        for (const target of byAddress.get(address) ?? []) if (isStale(target, flow, isLocal)) return true;
      }
      return false;
    };
    found.push({ family, protocol, hostPort, makeStale });
  }
  return found;
}

/** Whether a flow of the target's family and protocol keeps going to where it must not go any longer. */
export function isStale(target: Target, flow: Flow, isLocal: IsLocal): boolean {
  if (flow.port !== target.hostPort || (target.hostIp !== undefined && flow.destination !== target.hostIp))
    return false;
  const { address, port } = target.container;
  const goesToContainer = flow.answeredBy === address && flow.answeredFrom === port;
  // Who sent to the container itself needed no mapping for it.
  if (target.moment === 'removed') return goesToContainer && flow.destination !== address;
  // What only passes through, to the same port of another machine or of a service, never was a matter of this port.
  return !goesToContainer && isLocal(flow.destination);
}
