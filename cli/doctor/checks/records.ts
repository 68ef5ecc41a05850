import type { AttachmentRecord } from '../../../pkg/record/record.ts';
import { decodeRecord } from '../../../pkg/record/record.ts';
import { recordsOf } from '../../../pkg/record/store.ts';
import { files, readExistingFile, removeFile } from '../../../pkg/sys/files/files.ts';
import { attachmentKey } from '../../../pkg/types/attachment.ts';
import type { Check, Diagnosis } from '../check.ts';
import type { Node } from '../node.ts';
import { deleteRecorded, inOrderOfDel } from '../release.ts';

/** Attachments whose containers are gone, and notes that nobody can read. */
export const records: Check = {
  name: 'records',
  run(node) {
    return [...gone(node), ...unreadable(node)];
  },
};

function gone(node: Node): readonly Diagnosis[] {
  const attachments = new Map<string, AttachmentRecord[]>();
  for (const { record, state } of node.records) {
    if (state !== 'dead') continue;
    const key = attachmentKey(record);
    attachments.set(key, [...(attachments.get(key) ?? []), record]);
  }
  return [...attachments.values()].map((own) => {
    const [
      { containerId, ifName, network, netns } = { containerId: '', ifName: '', network: '', netns: { path: '' } },
    ] = own;
    const made = inOrderOfDel(own).map(({ plugin }) => plugin);
    return {
      severity: 'warning',
      found: `the namespace ${netns.path} of container ${containerId} (${ifName}, network ${network}) is gone`,
      means: `nobody called DEL: what ${made.join(', ')} made for it is still there`,
      mend: 'cni doctor --fix does what DEL would have done',
      fix: async () => {
        for (const record of inOrderOfDel(own)) await deleteRecorded(record, node.environment, node.pluginPath);
        const store = recordsOf(node.environment);
        const left = store
          .readForContainer(containerId)
          .records.filter((one) => own.some(({ plugin }) => plugin === one.plugin));
        if (left.length > 0)
          throw new Error(`records of ${containerId} are still there: ${left.map(({ plugin }) => plugin)}`);
        return `removed what was left of container ${containerId} (${ifName})`;
      },
    };
  });
}

const DAMAGED = /^ignored the damaged record (?<path>\/.*)$/;

function unreadable({ recordWarnings }: Node): readonly Diagnosis[] {
  return recordWarnings.map((warning): Diagnosis => {
    const path = DAMAGED.exec(warning)?.groups?.['path'];
    const means = 'DEL and GC of the attachment go by the names in the kernel, which takes longer';
    if (path === undefined) return { severity: 'warning', found: warning, means, mend: 'see why it cannot be read' };
    return {
      severity: 'warning',
      found: `the record ${path} is damaged`,
      means,
      mend: `rm ${path}`,
      fix: async () => {
        // A plugin may have written it just now.
        if (decodeRecord(readExistingFile(path)) !== undefined) return `${path} is not damaged any more`;
        removeFile(path);
        removeIfEmpty(path.slice(0, path.lastIndexOf('/')));
        return `removed ${path}`;
      },
    };
  });
}

function removeIfEmpty(folder: string): void {
  try {
    files().removeFolder(folder);
  } catch {
    // There are other records in it.
  }
}
