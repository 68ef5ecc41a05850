import { readCaches } from '../../../pkg/libcni/cache.ts';
import { readTextFile, removeFile } from '../../../pkg/sys/files/files.ts';
import type { Check } from '../check.ts';

/** Results of ADDs that runtimes have kept and cannot read any more. */
export const cache: Check = {
  name: 'cache',
  run() {
    return readCaches().damaged.map((path) => ({
      severity: 'warning',
      found: `the cached result ${path} is damaged`,
      means:
        'CHECK of that attachment fails, and with older versions of libcni its DEL does too, so that the pod stays',
      mend: `rm ${path}: DEL does without it`,
      fix: async () => {
        if (readTextFile(path) === undefined) return `${path} is gone already`;
        // A runtime may have written it just now.
        if (!readCaches().damaged.includes(path)) return `${path} is not damaged any more`;
        removeFile(path);
        return `removed ${path}`;
      },
    }));
  },
};
