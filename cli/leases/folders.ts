import { isObject } from '../../pkg/json/decode.ts';
import { filesIn, readConfList } from '../../pkg/libcni/conf-folder.ts';
import type { Environment } from '../../pkg/skel/plugin.ts';
import { readFields } from '../../pkg/types/decode.ts';
import { CONF_FOLDER } from '../cnitool.ts';

/** Where host-local keeps leases unless a configuration says otherwise. */
const DATA_DIR = '/var/lib/cni/networks';

/** The folders with leases: the usual one, those that the node's lists name, and one that a person names. */
export async function leaseFolders(environment: Environment, given: string | undefined): Promise<readonly string[]> {
  const folders = new Set([DATA_DIR]);
  for (const file of filesIn(environment['NETCONFPATH'] || CONF_FOLDER, ['.conflist'])) {
    try {
      for (const { raw } of (await readConfList(file)).plugins) {
        const { ipam } = readFields(raw, '', ['ipam']);
        const { dataDir } = readFields(isObject(ipam) ? ipam : {}, 'ipam', ['dataDir']);
        if (typeof dataDir === 'string' && dataDir.startsWith('/')) folders.add(dataDir.replace(/\/+$/, ''));
      }
    } catch {
      // A list that cannot be read has given no address.
    }
  }
  if (given !== undefined) folders.add(given.replace(/\/+$/, ''));
  return [...folders];
}
