import type { ShownLink } from '../../pkg/attach/links.ts';
import { HolderSearch } from '../../pkg/libcni/holder.ts';
import { Site } from '../../pkg/netfilter/program.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { namespaceCensus } from '../../pkg/record/census.ts';
import type { AttachmentRecord } from '../../pkg/record/record.ts';
import { isAlive, recordsOf } from '../../pkg/record/store.ts';
import type { Environment } from '../../pkg/skel/plugin.ts';
import { runProcess } from '../../pkg/sys/process/process.ts';
import { type Configurations, readConfigurations } from './configurations.ts';
import { type LeasedNetwork, readLeases } from './leases.ts';
import { type Network, networksOf } from './networks.ts';

/** Where a node keeps what runtimes are told. */
export interface NodePlaces {
  readonly environment: Environment;
  /** Folder of the configurations. */
  readonly confFolder: string;
  /** Folders of the plugins, with colons between them. */
  readonly pluginPath: string;
  /** The version of this suite. */
  readonly version: string;
}

/** What was noted about an attachment, and whether it can still be there. */
export interface JudgedRecord {
  readonly record: AttachmentRecord;
  readonly state: 'alive' | 'dead' | 'unknown';
}

/** A node as the checks see it; everything is looked at once. */
export interface Node extends NodePlaces {
  readonly configurations: Configurations;
  readonly networks: readonly Network[];
  readonly records: readonly JudgedRecord[];
  /** What is wrong with records. */
  readonly recordWarnings: readonly string[];
  readonly leases: readonly LeasedNetwork[];
  /** Finds containers that have no record. */
  readonly holders: HolderSearch;
  readonly links: readonly ShownLink[];
  /** Where rules are looked at. */
  readonly site: Site;
}

const TIMEOUT_MS = 30_000;

/** Looks at a node. */
export async function lookAtNode(places: NodePlaces): Promise<Node> {
  const configurations = await readConfigurations(places.confFolder);
  const networks = await networksOf(configurations.documents);
  const store = recordsOf(places.environment);
  const { records, warnings } = store.readAll();
  const isInUse = namespaceCensus();
  const holders = new HolderSearch(places.environment);
  return {
    ...places,
    configurations,
    networks,
    records: records.toSorted(byName).map((record) => ({ record, state: isAlive(record, isInUse) })),
    recordWarnings: warnings,
    leases: await readLeases(networks, store, isInUse, holders),
    holders,
    links: await readLinks(),
    site: new Site({ place: ownNetns(), timeoutMs: TIMEOUT_MS }),
  };
}

/** Folders are listed in any order. */
function byName(a: AttachmentRecord, b: AttachmentRecord): number {
  return nameOf(a) < nameOf(b) ? -1 : 1;
}

function nameOf({ containerId, ifName, network, plugin }: AttachmentRecord): string {
  return `${containerId} ${ifName} ${network} ${plugin}`;
}

async function readLinks(): Promise<readonly ShownLink[]> {
  const { stdout } = await runProcess({ argv: ['ip', '-j', '-d', 'addr', 'show'] });
  return JSON.parse(stdout === '' ? '[]' : stdout) as readonly ShownLink[];
}
