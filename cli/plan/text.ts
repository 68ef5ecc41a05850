import type { PlannedStep } from '../../pkg/plan/steps.ts';
import type { Subject } from '../cnitool.ts';
import { plain, type Terminal } from '../terminal.ts';
import type { PlannedChain, PlannedPlugin } from './chain.ts';

/** A plan as a script with comments: who does what, where. */
export function planText({ list, file, attachment }: Subject, chain: PlannedChain, terminal: Terminal): string {
  const comment = (text: string): string => terminal.style('dim', `# ${plain(text)}`);
  const { containerId, ifName, netns } = attachment;
  const lines = [
    comment(`What an ADD would do now. Nothing has been done.`),
    comment(`network ${list.name} (${file}), container ${containerId}, interface ${ifName} in ${netns}`),
    comment(
      'MAC addresses are examples: each ADD makes up its own. Notes about the attachment in /run/cni-ts are left out.',
    ),
  ];
  for (const plugin of chain.plugins) lines.push('', ...pluginLines(plugin, comment, terminal));
  return `${lines.join('\n')}\n`;
}

function pluginLines(planned: PlannedPlugin, comment: (text: string) => string, terminal: Terminal): string[] {
  const { plugin, calledBy, steps, notes } = planned;
  const name = calledBy === undefined ? plugin : `${plugin}, called by ${calledBy}`;
  const heading = terminal.style('bold', `# ── ${name}`);
  if (steps.length === 0 && notes.length === 0) return [heading, comment('changes nothing')];
  return [heading, ...notes.map(comment), ...steps.flatMap((step) => [comment(whereOf(step)), ...step.lines])];
}

function whereOf({ place, note }: PlannedStep): string {
  const where = place === 'host' ? 'on the host' : `in ${place}`;
  return note === undefined ? `${where}:` : `${where}, ${note}:`;
}
