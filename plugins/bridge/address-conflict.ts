import { overlaps, parsePrefix } from '../../pkg/addr/prefix.ts';
import { portsOf } from '../../pkg/attach/links.ts';
import type { RunOptions } from '../../pkg/plan/executor.ts';
import { namespaceCensus } from '../../pkg/record/census.ts';
import { isAlive, type RecordStore } from '../../pkg/record/store.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import { notesOf } from './notes.ts';

/** More users than this are only counted. */
const MOST_NAMED = 5;

/**
 * The addresses on a link that stand in the way of one that it should have and lacks: for IPv4 every other one, for
 * IPv6 those whose networks overlap.
 */
export function conflicting(existing: readonly string[], wanted: readonly string[]): readonly string[] {
  const missing = wanted.filter((address) => !existing.includes(address));
  return existing.filter((address) => {
    if (wanted.includes(address)) return false;
    return missing.some((gateway) => {
      if (gateway.includes(':') !== address.includes(':')) return false;
      return !gateway.includes(':') || doOverlap(gateway, address);
    });
  });
}

/** Refuses to replace an address while containers use it; tells what it was when nobody does. */
export async function refuseIfUsed(
  address: string,
  wanted: readonly string[],
  context: {
    readonly bridge: string;
    readonly link: string;
    readonly records: RecordStore;
    readonly options: RunOptions;
    warn(line: string): void;
  },
): Promise<void> {
  const { bridge, link, records, options, warn } = context;
  const users = await usersOf(address, bridge, records, options);
  const gateway = wanted.find((one) => one.includes(':') === address.includes(':')) ?? '';
  if (users.length === 0) {
    warn(`bridge: replaced ${address} on ${link}, which no container uses any more, by ${gateway}`);
    return;
  }
  const named = users.slice(0, MOST_NAMED).join(', ');
  const more = users.length > MOST_NAMED ? ` and ${users.length - MOST_NAMED} more` : '';
  throw new CniError(
    ErrorCode.internal,
    `"${link}" already has an IP address different from ${gateway}`,
    `it has ${address}, which ${users.length === 1 ? '1 container uses' : `${users.length} containers use`}: ${named}${more}; ` +
      `the configuration wants ${gateway}. When these containers are gone it is replaced by itself; ` +
      `"forceAddress": true replaces it at once, \`ip addr del ${address} dev ${link}\` does the same by hand`,
  );
}

/** The ports of a bridge whose containers have an address of a network, or may have one. */
async function usersOf(
  address: string,
  bridge: string,
  records: RecordStore,
  options: RunOptions,
): Promise<readonly string[]> {
  const ports = await portsOf(bridge, options);
  if (ports.length === 0) return [];
  const isInUse = namespaceCensus();
  const known = records.readAll().records.filter(({ plugin }) => plugin === 'bridge');
  const users: string[] = [];
  for (const { ifname } of ports) {
    const record = known.find(({ data }) => notesOf(data).hostLink === ifname);
    if (record === undefined) {
      users.push(`${ifname} (not known to this suite)`);
    } else if (isAlive(record, isInUse) !== 'dead') {
      const { addresses } = notesOf(record.data);
      if (addresses.some((own) => doOverlap(own, address))) users.push(`${record.containerId} (${ifname})`);
    }
  }
  return users;
}

function doOverlap(a: string, b: string): boolean {
  const [one, other] = [parsePrefix(a), parsePrefix(b)];
  return one !== undefined && other !== undefined && overlaps(one, other);
}
