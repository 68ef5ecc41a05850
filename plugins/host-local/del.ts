import { collectGarbage, releaseAll } from '../../pkg/ipam/release.ts';
import { withLeases } from '../../pkg/ipam/store.ts';
import type { AttachmentCall, GcCall } from '../../pkg/skel/plugin.ts';
import { storeOptions } from './config.ts';
import type { HostLocalConf } from './schema.ts';

/**
 * Frees the attachment's addresses. Which ranges they are from does not matter, so ranges that are wrong by now,
 * and CNI_ARGS, do not keep them.
 */
export async function del(call: AttachmentCall<HostLocalConf>): Promise<void> {
  await withLeases(storeOptions(call), false, (store) => releaseAll(store, call));
}

/** Frees what no valid attachment of this network has. */
export async function gc(call: GcCall<HostLocalConf>): Promise<void> {
  const { validAttachments } = call;
  if (validAttachments === undefined) return;
  await withLeases(storeOptions(call), false, (store) => collectGarbage(store, validAttachments));
}
