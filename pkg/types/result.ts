import type { SpecVersion } from './version.ts';

/** A network interface that a plugin made or touched; without `sandbox` it is in the host's namespace. */
export interface Interface {
  name: string;
  mac?: string;
  mtu?: number;
  sandbox?: string;
  socketPath?: string;
  pciID?: string;
}

/** An address given to the container; `interface` is an index into the result's interfaces. */
export interface IpConfig {
  /** Address with prefix length, canonical text, host bits kept: `10.1.2.3/24`. */
  address: string;
  gateway?: string;
  interface?: number;
}

/** A route in the container. */
export interface Route {
  /** Destination with prefix length; host bits are kept as they were configured. */
  dst: string;
  gw?: string;
  mtu?: number;
  advmss?: number;
  priority?: number;
  /** 0 is a value of its own here: absent and 0 differ. */
  table?: number;
  /** 0 is a value of its own here: absent and 0 differ. */
  scope?: number;
}

/** Resolver settings; empty lists and texts count as absent. */
export interface Dns {
  nameservers?: string[];
  domain?: string;
  search?: string[];
  options?: string[];
}

/** What ADD gives back, in the shape of the newest specification version. */
export interface Result {
  interfaces?: Interface[];
  ips?: IpConfig[];
  routes?: Route[];
  dns?: Dns;
}

/** A result together with the specification version that its document had. */
export interface VersionedResult {
  readonly version: SpecVersion;
  readonly result: Result;
}
