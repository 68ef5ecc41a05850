import { withLeases } from '../../pkg/ipam/store.ts';
import { ResultCache } from '../../pkg/libcni/cache.ts';
import { findConfList } from '../../pkg/libcni/conf-folder.ts';
import type { ConfList } from '../../pkg/libcni/conf-list.ts';
import { delList } from '../../pkg/libcni/runtime.ts';
import { recordFolder, recordsOf } from '../../pkg/record/store.ts';
import type { Environment } from '../../pkg/skel/plugin.ts';
import { removeFile } from '../../pkg/sys/files/files.ts';
import { isSameAttachment, isSameInterface } from '../../pkg/types/attachment.ts';
import { CONF_FOLDER, pluginPath } from '../cnitool.ts';
import { deleteRecorded, inOrderOfDel } from '../doctor/release.ts';
import type { KnownAttachment } from './known.ts';

/** What there is of an attachment, for people. */
export function partsOf({ records, cached, leases }: KnownAttachment): readonly string[] {
  const made = inOrderOfDel(records)
    .map(({ plugin }) => plugin)
    .filter((plugin) => plugin !== 'host-local');
  return [
    ...(made.length === 0 ? [] : [`what ${made.join(', ')} made`]),
    // Folders are listed in any order.
    ...leases.map(({ lease }) => `the lease ${lease.address}`).sort(),
    ...(cached.length === 0 ? [] : ['the cached result']),
  ];
}

/** Does what the DEL that never came would have done, with what is known. */
export async function collect(one: KnownAttachment, environment: Environment): Promise<void> {
  const path = pluginPath(environment);
  const list = one.cached.length === 0 ? undefined : await listOf(one.network, environment);
  for (const cached of one.cached) {
    // The namespace is gone, and its path may be another's by now.
    const options = { environment, path, cache: new ResultCache() };
    if (list !== undefined) await delList(options, list, { ...cached, netns: '' });
  }
  for (const record of inOrderOfDel(one.records)) await deleteRecorded(record, environment, path);
  const store = recordsOf(environment);
  const left = store.readForContainer(one.containerId).records.filter((record) => isSameAttachment(record, one));
  if (left.length > 0) throw new Error(`what ${left.map(({ plugin }) => plugin).join(', ')} made is still there`);
  await releaseLeases(one, environment);
  for (const cached of one.cached) removeFile(cached.path);
}

async function listOf(network: string, environment: Environment): Promise<ConfList | undefined> {
  try {
    return (await findConfList(environment['NETCONFPATH'] || CONF_FOLDER, network)).list;
  } catch {
    // A network that is configured no more: what is noted has to be enough.
    return undefined;
  }
}

/** Those that are still the same: the address may have been given anew. */
async function releaseLeases({ network, leases }: KnownAttachment, environment: Environment): Promise<void> {
  for (const { dataDir, lease } of leases) {
    const options = { dataDir, network, recordFolder: recordFolder(environment), warn: () => {} };
    await withLeases(options, false, (store) => {
      const { owner } = lease;
      const again = [...store.content().leases.values()].find((other) => {
        return isSameInterface(other.owner, owner) && other.path === lease.path;
      });
      if (again !== undefined && store.judge(again) !== 'alive') store.release(again.owner, [again]);
    });
  }
}
