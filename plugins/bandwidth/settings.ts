import { configError } from '../../pkg/config/config-error.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import type { Result } from '../../pkg/types/result.ts';
import type { BandwidthConf } from './schema.ts';

/** What is asked for in one direction; `burst` is 0 where only `burstMs` says it. */
export interface Limit {
  /** Bits a second. */
  readonly rate: number;
  /** Bits. */
  readonly burst: number;
  readonly burstMs: number | undefined;
  readonly latencyMs: number;
}

/** What a configuration asks for; a direction that is absent is not limited. */
export interface Limits {
  readonly ingress?: Limit;
  readonly egress?: Limit;
}

/** A token bucket in the kernel's measures. */
export interface Bucket {
  /** Bytes a second. */
  readonly rate: number;
  /** Bytes. */
  readonly burst: number;
  /** How many bytes may wait. */
  readonly limit: number;
}

/** The reference's. */
const LATENCY_MS = 25;

const LARGEST_U32 = 0xffff_ffff;

/** What stands in front of a packet on an Ethernet. */
const ETHERNET_HEADER = 14;

type Rates = Pick<BandwidthConf, 'ingressRate' | 'ingressBurst' | 'egressRate' | 'egressBurst'>;

/**
 * Reads a configuration: its own rates or, when it has none at all, the runtime's.
 *
 * @throws {CniError} code 7
 */
export function limitsOf(conf: BandwidthConf): Limits {
  const { burstMs, latencyMs } = conf;
  refuseBelowOne('burstMs', burstMs);
  refuseBelowOne('latencyMs', latencyMs);
  const own = hasRates(conf);
  const rates: Rates = own ? conf : (conf.runtimeConfig?.bandwidth ?? {});
  const under = own ? '' : 'runtimeConfig.bandwidth.';
  const common = { burstMs, latencyMs: latencyMs ?? LATENCY_MS };
  const ingress = limitFrom(rates, 'ingress', under, burstMs);
  const egress = limitFrom(rates, 'egress', under, burstMs);
  return {
    ...(ingress === undefined ? {} : { ingress: { ...ingress, ...common } }),
    ...(egress === undefined ? {} : { egress: { ...egress, ...common } }),
  };
}

function hasRates({ ingressRate, ingressBurst, egressRate, egressBurst }: Rates): boolean {
  return (ingressRate ?? ingressBurst ?? egressRate ?? egressBurst) !== undefined;
}

function refuseBelowOne(key: string, value: number | undefined): void {
  if (value === undefined || value >= 1) return;
  throw configError(`invalid ${key} ${value}`, key, value, 'a number of milliseconds, 1 or more');
}

/** The kernel counts in bytes. */
function refuseLessThanByte(what: string, key: string, bits: number): void {
  if (bits !== 0 && bits < 8)
    throw configError(`invalid ${what} ${bits}`, key, bits, 'a number of bits, 0 or at least 8');
}

function limitFrom(
  rates: Rates,
  direction: 'ingress' | 'egress',
  under: string,
  burstMs: number | undefined,
): Pick<Limit, 'rate' | 'burst'> | undefined {
  const rate = rates[`${direction}Rate`] ?? 0;
  const burst = rates[`${direction}Burst`] ?? 0;
  const [rateKey, burstKey] = [`${under}${direction}Rate`, `${under}${direction}Burst`];
  refuseLessThanByte('rate', rateKey, rate);
  refuseLessThanByte('burst', burstKey, burst);
  if (rate === 0 && burst === 0) return undefined;
  if (burst === 0 && burstMs === undefined) {
    const expected = `"${direction}Burst" beside it, the bits that may pass at once, or "burstMs"`;
    throw configError('if rate is set, burst must also be set', rateKey, rate, expected);
  }
  if (rate === 0) {
    const expected = `"${direction}Rate" beside it, in bits a second`;
    throw configError('if burst is set, rate must also be set', burstKey, burst, expected);
  }
  if (Math.floor(burst / 8) >= LARGEST_U32) {
    throw configError('burst cannot be more than 4GB', burstKey, burst, 'fewer than 34359738360 bits');
  }
  return { rate, burst };
}

/** What the kernel is told. A bucket that a full packet does not fit into would let none pass, so `burstMs` keeps two. */
export function bucketOf({ rate, burst, burstMs, latencyMs }: Limit, mtu: number): Bucket {
  const bytes = Math.floor(rate / 8);
  let burstBytes = Math.floor(burst / 8);
  if (burstMs !== undefined) {
    const longest = Math.max(Math.floor((bytes * burstMs) / 1000), 2 * (mtu + ETHERNET_HEADER));
    if (burst === 0 || burstBytes > longest) burstBytes = Math.min(longest, LARGEST_U32);
  }
  const waiting = Math.floor((bytes * (latencyMs * 1000)) / 1e6);
  return { rate: bytes, burst: burstBytes, limit: Math.min(waiting + burstBytes, LARGEST_U32) };
}

/** The error of a call that does not follow a plugin with an interface. */
export function notChained(message: string): CniError {
  const details = 'found no "prevResult"; bandwidth comes after a plugin that makes a veth pair, such as bridge or ptp';
  return new CniError(ErrorCode.internal, message, details);
}

/** The names of a result's interfaces on the host. */
export function hostInterfaces({ interfaces = [] }: Result): readonly string[] {
  const names: string[] = [];
  for (const { name, sandbox } of interfaces) if (!sandbox) names.push(name);
  if (interfaces.length > 0) return names;
  throw new CniError(
    ErrorCode.internal,
    'no interfaces provided',
    'the "prevResult" has no interfaces; bandwidth comes after a plugin that makes a veth pair, such as bridge or ptp',
  );
}
