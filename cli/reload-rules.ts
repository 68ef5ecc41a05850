import { namespaceCensus } from '../pkg/record/census.ts';
import { isAlive, recordsOf } from '../pkg/record/store.ts';
import type { Environment } from '../pkg/skel/plugin.ts';
import { toCniError } from '../pkg/types/error.ts';
import { pluginNamed } from '../plugins/table.ts';
import type { Command } from './command.ts';
import { detachment } from './detached.ts';
import type { Terminal } from './terminal.ts';

/** What became of the attachments of one plugin. */
interface Tally {
  made: number;
  failed: number;
}

/** `cni reload-rules`: makes masquerade, host ports and firewall rules again, after something has flushed them. */
export const reloadRules: Command = {
  usage: '',
  help: `Makes the masquerade, host port and firewall rules of all living attachments again, from the records of this node.
For use after a reload of firewalld, nftables or iptables that flushed them.

The exit status is 1 when some could not be made.
`,
  options: {},
  needsRoot: true,
  run: ({ environment, terminal }) => restoreAll(environment, terminal),
};

async function restoreAll(environment: Environment, terminal: Terminal): Promise<number> {
  const store = recordsOf(environment);
  const { records, warnings } = store.readAll();
  const lines = warnings.map((warning) => `cni: ${warning}`);
  const context = { environment, records: store, warn: (line: string) => void lines.push(line) };
  const tallies = new Map<string, Tally>();
  const isInUse = namespaceCensus();
  const isDetached = detachment();
  for (const record of records) {
    // What is dead or detached needs no rules, and its address may be another's; GC or the next ADD takes care of what is left of it.
    if (isAlive(record, isInUse) === 'dead' || (await isDetached(record))) continue;
    const tally = tallies.get(record.plugin) ?? { made: 0, failed: 0 };
    try {
      if (!(await pluginNamed(record.plugin)?.restoreRules?.(record, context))) continue;
      tally.made += 1;
    } catch (thrown) {
      tally.failed += 1;
      lines.push(`cni: ${record.plugin}: ${record.containerId} (${record.ifName}): ${toCniError(thrown)}`);
    }
    tallies.set(record.plugin, tally);
  }
  for (const line of lines) await terminal.err(`${line}\n`);
  await terminal.out(`${summary(tallies)}\n`);
  return [...tallies.values()].some(({ failed }) => failed > 0) ? 1 : 0;
}

function summary(tallies: ReadonlyMap<string, Tally>): string {
  if (tallies.size === 0) return 'no attachment has rules';
  const parts = [...tallies].map(([plugin, { made, failed }]) => {
    return `${plugin}: ${made} made again${failed === 0 ? '' : `, ${failed} failed`}`;
  });
  return parts.sort().join('; ');
}
