import { Hush } from '../../pkg/attach/hush.ts';
import type { RecordStore } from '../../pkg/record/store.ts';
import type { BridgeSettings } from './settings.ts';

/** With more containers the bridge hands a frame to so many ports that nobody should wait for it. */
const CROWD = 100;

/** What keeps a container's link quiet on a bridge with so many ports; `undefined` where there are fewer. */
export async function hushOf(
  records: RecordStore,
  settings: BridgeSettings,
  link: string,
  mac: string,
): Promise<Hush | undefined> {
  if (settings.detectDuplicates || settings.leavesLinkDown || records.crowd <= CROWD) return undefined;
  return new Hush(link, mac);
}
