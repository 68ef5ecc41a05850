import { writeFileAtomically } from '../../pkg/sys/files/files.ts';
import { toCniError } from '../../pkg/types/error.ts';
import type { Command } from '../command.ts';
import { collect } from './collect.ts';
import { drawing } from './svg.ts';
import { showText } from './text.ts';

/** `cni show`: the attachments of this node as a picture. */
export const show: Command = {
  usage: '[--json | --svg FILE]',
  help: `Shows which containers are attached to which bridge of this host: links, addresses as they are now, ports of the host
that lead to them, network, pod, age, and what is not as it was made.

  --json      as a JSON document
  --svg FILE  as a drawing; "-" is stdout

A pod's name is known where the runtime says it in CNI_ARGS. The exit status is 1 when something could not be looked at.
`,
  options: { json: { type: 'boolean' }, svg: { type: 'string' } },
  needsRoot: true,
  async run({ values, environment, terminal }) {
    try {
      const { picture, warnings } = await collect(environment);
      for (const warning of warnings) await terminal.err(`cni: ${warning}\n`);
      const file = values['svg'];
      if (values['json'] === true) await terminal.out(`${JSON.stringify(picture, null, 2)}\n`);
      else if (file === '-') await terminal.out(drawing(picture, Date.now()));
      else if (typeof file === 'string') writeFileAtomically(file, drawing(picture, Date.now()), { mode: 0o644 });
      else await terminal.out(showText(picture, Date.now(), terminal));
      return warnings.length === 0 ? 0 : 1;
    } catch (thrown) {
      await terminal.err(`cni: ${toCniError(thrown)}\n`);
      return 1;
    }
  },
};
