import { readFileSync } from 'node:fs';
import type { IpCommand } from '../../pkg/ip/command.ts';
import { openNetns } from '../../pkg/netns/open.ts';
import { ipDriver } from '../../pkg/plan/ip-driver.ts';
import { nativeDriverWith } from '../../pkg/plan/native-driver.ts';
import { type FormReader, nativeForm } from '../../pkg/rtnl/commands.ts';
import { vlanForm } from '../../pkg/rtnl/link/vlan.ts';
import { ruleForm } from '../../pkg/rtnl/route/rules.ts';
import { tcForm } from '../../pkg/rtnl/tc/forms.ts';

/** What the test asks for on stdin. */
export interface Request {
  readonly driver: 'native' | 'ip';
  /** Commands that the driver is given at once; what it does not take on, or what follows a failure, it is given again. */
  readonly runs: readonly { readonly path: string; readonly lines: readonly string[] }[];
}

/** What became of a line. */
export interface Outcome {
  readonly line: string;
  /** Whether there is a native form of it. */
  readonly known: boolean;
  readonly errno?: string | undefined;
  readonly reason?: string;
  readonly hint?: string;
  readonly output?: unknown;
}

/** Everything that any plugin has. */
const more: FormReader = (command) => tcForm(command) ?? ruleForm(command) ?? vlanForm(command);
const knowing = nativeDriverWith(more);

const { driver, runs } = JSON.parse(readFileSync(0, 'utf8')) as Request;
const outcomes: Outcome[] = [];
for (const { path, lines } of runs) {
  const place = openNetns(path);
  let commands = lines.map(toCommand);
  while (commands.length > 0) {
    const run = await (driver === 'native' ? knowing : ipDriver).run(place, commands, 10_000);
    commands.slice(0, run.done).forEach((command, index) => {
      outcomes.push({ ...known(command), output: run.outputs.get(index) });
    });
    const failed = run.failure === undefined ? undefined : commands[run.done];
    if (failed !== undefined && run.failure !== undefined) {
      const { errno, reason, hint } = run.failure;
      outcomes.push({ ...known(failed), errno, reason, hint: typeof hint === 'string' ? hint : await hint() });
    }
    commands = commands.slice(failed === undefined ? run.taken : run.done + 1);
  }
  place.close();
}
process.stdout.write(JSON.stringify(outcomes));

function known(command: IpCommand): { line: string; known: boolean } {
  return { line: command.toString(), known: (nativeForm(command) ?? more(command)) !== undefined };
}

function toCommand(line: string): IpCommand {
  const words = line.split(' ');
  const [first = ''] = words;
  const program = first === 'tc' || first === 'bridge' ? first : 'ip';
  if (program !== 'ip') words.shift();
  const start = words.findIndex((word) => !word.startsWith('-'));
  return { program, options: words.slice(0, start), words: words.slice(start), toString: () => line };
}
