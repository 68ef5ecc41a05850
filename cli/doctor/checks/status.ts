import { callPlugin } from '../../../pkg/skel/call-plugin.ts';
import type { Environment } from '../../../pkg/skel/plugin.ts';
import { CniError } from '../../../pkg/types/error.ts';
import { pluginNamed } from '../../../plugins/table.ts';
import { createWorld } from '../../../world.ts';
import type { Check, Diagnosis } from '../check.ts';

/** What the plugins of the list that runtimes take say themselves; asked in the version that has the question. */
export const status: Check = {
  name: 'status',
  async run({ configurations: { winner }, environment, pluginPath }) {
    const found: Diagnosis[] = [];
    for (const { type, raw } of winner?.entries ?? []) {
      const plugin = pluginNamed(type);
      if (winner === undefined || plugin === undefined) continue;
      const variables: Environment = { ...environment, CNI_COMMAND: 'STATUS', CNI_PATH: pluginPath };
      const conf = JSON.stringify({ ...raw, name: winner.name, cniVersion: '1.1.0' });
      // What it only warns of has checks of its own.
      const world = createWorld({ environment: variables, readStdin: async () => conf, warn: () => {} });
      try {
        await callPlugin(plugin, world);
      } catch (thrown) {
        if (!(thrown instanceof CniError)) throw thrown;
        const means = 'every ADD fails until that is mended';
        const mend = thrown.details === '' ? 'what it says' : thrown.details;
        found.push({ severity: 'error', found: `${type} is not ready: ${thrown.message}`, means, mend });
      }
    }
    return found;
  },
};
