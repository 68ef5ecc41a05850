import { fs } from '../../../pkg/sys/files/files.ts';
import type { Check } from '../check.ts';

const FOLDER = '/run/netns';

/** Names of namespaces behind which there is none: what a boot, or an unmount, has left. */
export const namespaces: Check = {
  name: 'namespaces',
  run() {
    const { readdirSync, statSync, existsSync } = fs();
    if (!existsSync(FOLDER)) return [];
    const { dev } = statSync('/proc/self/ns/net');
    return readdirSync(FOLDER).flatMap((name) => {
      const path = `${FOLDER}/${name}`;
      const found = statSync(path, { throwIfNoEntry: false });
      if (found === undefined || !found.isFile() || found.dev === dev) return [];
      return [
        {
          severity: 'warning',
          found: `${path} is no network namespace`,
          means: 'a runtime that still knows the container fails to enter it, in DEL too',
          mend: `rm ${path}, when no container of that name is just being made`,
        },
      ];
    });
  },
};
