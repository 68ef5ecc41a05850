import { formatAddress } from '../../pkg/addr/address.ts';
import { parsePrefix } from '../../pkg/addr/prefix.ts';
import type { AttachmentRecord } from '../../pkg/record/record.ts';
import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { statusOf } from '../../pkg/sys/files/files.ts';
import { toCniError } from '../../pkg/types/error.ts';
import { containerAddresses } from './forwarding.ts';
import { unknownTarget } from './ports.ts';
import type { PortmapConf } from './schema.ts';
import type { Target } from './target.ts';

/** What has to go of an attachment without a record: of the reference's, or when /run was lost. */
export function unrecordedTarget(
  call: AttachmentCall<PortmapConf>,
  prefixes: readonly string[] | undefined,
  known: readonly AttachmentRecord[],
): Target {
  const addresses = prefixes?.flatMap((text) => {
    const prefix = parsePrefix(text);
    return prefix === undefined ? [] : [formatAddress(prefix.address)];
  });
  const target = { ...unknownTarget(call, known), addresses };
  // All that such a container ever had is dead, under whichever name its network was known then.
  return isNamespaceGone(call.netns) ? { ...target, anyNetwork: true } : target;
}

/** The container's addresses, when the runtime still has the result. */
export function previousAddresses(call: AttachmentCall<PortmapConf>): readonly string[] | undefined {
  try {
    const result = call.prevResult;
    return result === undefined ? undefined : containerAddresses(result, call.ifName);
  } catch (thrown) {
    call.warn(`portmap: ${toCniError(thrown)}`);
    return undefined;
  }
}

function isNamespaceGone(path: string): boolean {
  if (path === '') return true;
  try {
    return statusOf(path) === undefined;
  } catch {
    return false;
  }
}
