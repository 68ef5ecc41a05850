import { compareAddresses, parseAddress } from '../../pkg/addr/address.ts';
import { isDead } from '../../pkg/ipam/liveness.ts';
import { DEAD_BECAUSE } from '../../pkg/ipam/report.ts';
import { leasedNetworks, releaseDead, type SurveyedLease, surveyLeases } from '../../pkg/ipam/survey.ts';
import { HolderSearch } from '../../pkg/libcni/holder.ts';
import { recordFolder } from '../../pkg/record/store.ts';
import { toCniError } from '../../pkg/types/error.ts';
import { ageOf } from '../age.ts';
import type { Command, CommandCall } from '../command.ts';
import { type Cell, table } from '../table.ts';
import { podText } from '../terminal.ts';
import { leaseFolders } from './folders.ts';
import { withHolders } from './held.ts';

/** `cni leases`: who has which address. */
export const leases: Command = {
  usage: '[--fix] [--json] [--data-dir DIR]',
  help: `Lists the addresses that host-local has given on this node: to whom, since when, and whether that container is still
there: by its record, by libcni's cache, or because a namespace has the address. A lease is dead only when that is
proven: it is from before this boot, or its network namespace is gone.

  --fix           releases the dead ones, and nothing else
  --json          as a JSON document
  --data-dir DIR  where leases are kept besides the folders that the node's configurations name

Looking writes nothing and takes no lock. The exit status is 1 when there are dead leases, and with --fix when one could
not be released.
`,
  options: { fix: { type: 'boolean' }, json: { type: 'boolean' }, 'data-dir': { type: 'string' } },
  needsRoot: true,
  run: list,
};

async function list({ values, environment, terminal }: CommandCall): Promise<number> {
  const given = values['data-dir'];
  const folders = await leaseFolders(environment, typeof given === 'string' ? given : undefined);
  const optionsOf = (dataDir: string, network: string) => ({
    dataDir,
    network,
    recordFolder: recordFolder(environment),
    warn: () => {},
  });
  try {
    const places = folders.flatMap((dataDir) => leasedNetworks(dataDir).map((network) => optionsOf(dataDir, network)));
    const released: string[] = [];
    if (values['fix'] === true) {
      for (const place of places) released.push(...(await releaseDead(place)).map(({ path }) => path));
    }
    const surveyed = places.flatMap((place) => [...surveyLeases(place)]).sort(byAddress);
    const found = await withHolders(surveyed, new HolderSearch(environment));
    if (values['json'] === true) {
      await terminal.out(`${JSON.stringify({ released, leases: found.map(documentOf) }, null, 2)}\n`);
    } else {
      for (const path of released) await terminal.out(`released ${path}\n`);
      await terminal.out(shown(found, folders, terminal));
    }
    return found.some(({ verdict }) => isDead(verdict)) ? 1 : 0;
  } catch (thrown) {
    await terminal.err(`cni: ${toCniError(thrown)}\n`);
    return 1;
  }
}

function byAddress(a: SurveyedLease, b: SurveyedLease): number {
  if (a.network !== b.network) return a.network < b.network ? -1 : 1;
  const [one, other] = [parseAddress(a.lease.address), parseAddress(b.lease.address)];
  if (one === undefined || other === undefined) return 0;
  return one.family - other.family || compareAddresses(one, other);
}

function documentOf({ network, lease, verdict, since, pod }: SurveyedLease): object {
  const { address, owner, path } = lease;
  const time = new Date(since).toISOString();
  return {
    network,
    address,
    ...owner,
    pod,
    since: time,
    state: stateOf(verdict),
    because: DEAD_BECAUSE[verdict],
    path,
  };
}

function stateOf(verdict: SurveyedLease['verdict']): 'alive' | 'dead' | 'unknown' {
  if (isDead(verdict)) return 'dead';
  return verdict === 'alive' ? 'alive' : 'unknown';
}

function shown(found: readonly SurveyedLease[], folders: readonly string[], terminal: CommandCall['terminal']): string {
  if (found.length === 0) return `no leases in ${folders.join(', ')}\n`;
  const now = Date.now();
  const rows = found.map(({ network, lease, verdict, since, pod }): readonly Cell[] => [
    network,
    lease.address,
    lease.owner.containerId,
    lease.owner.ifName,
    podText(pod),
    ageOf(since, now),
    stateCell(verdict),
  ]);
  const dead = found.filter(({ verdict }) => isDead(verdict)).length;
  const advice = dead === 0 ? '' : `\n${dead} dead: "cni leases --fix" releases them\n`;
  return table(['NETWORK', 'ADDRESS', 'CONTAINER', 'INTERFACE', 'POD', 'SINCE', 'STATE'], rows, terminal) + advice;
}

function stateCell(verdict: SurveyedLease['verdict']): Cell {
  const state = stateOf(verdict);
  if (state === 'alive') return { text: state, style: 'green' };
  return { text: `${state}: ${DEAD_BECAUSE[verdict]}`, style: state === 'dead' ? 'red' : 'yellow' };
}
