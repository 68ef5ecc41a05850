import { thrownText } from '../../pkg/sys/errno.ts';
import { fs } from '../../pkg/sys/files/files.ts';
import { type Command, type CommandCall, UsageError } from '../command.ts';
import { LOADED } from './files.ts';
import { type IsThere, type LintInput, lint } from './lint.ts';
import { printFindings, summary } from './print.ts';

const FOLDER = '/etc/cni/net.d';
const PLUGIN_FOLDER = '/opt/cni/bin';

/** `cni lint`: what is wrong in configurations, and where. */
export const lintCommand: Command = {
  usage: '[--json] [FILE|FOLDER…]',
  help: `Looks for mistakes in network configurations: everything in ${FOLDER}, or the files and folders that are named.
An error makes calls fail, a warning does something else than was meant, a note is good to know.

The exit status is 1 when there are errors or warnings.

  --json  as a JSON document: {"findings": [{file, line, column, severity, key, message, help, …}]}
`,
  options: { json: { type: 'boolean' } },
  most: Number.POSITIVE_INFINITY,
  run,
};

async function run({ positionals, values, environment, terminal }: CommandCall): Promise<number> {
  const paths = positionals.length === 0 ? [FOLDER] : positionals;
  const inputs = paths.flatMap(inputsIn);
  if (inputs.length === 0) throw new UsageError(`there is no configuration in ${paths.join(', ')}`);
  const findings = await lint(inputs, onNode(environment['CNI_PATH'] || PLUGIN_FOLDER));
  if (values['json'] === true) await terminal.out(`${JSON.stringify({ findings }, null, 2)}\n`);
  else {
    await terminal.out(printFindings(findings, terminal));
    await terminal.err(`${summary(findings, inputs.length)}\n`);
  }
  return findings.some(({ severity }) => severity !== 'note') ? 1 : 0;
}

function inputsIn(path: string): readonly LintInput[] {
  try {
    if (!fs().statSync(path).isDirectory()) return [{ file: path, text: fs().readFileSync(path, 'utf8') }];
    const names = fs()
      .readdirSync(path)
      .filter((name) => LOADED.test(name));
    return names
      .sort()
      .map((name) => ({ file: `${path}/${name}`, text: fs().readFileSync(`${path}/${name}`, 'utf8') }));
  } catch (thrown) {
    // Called without a path by somebody who may not know that there is a usual one.
    const advice = path === FOLDER ? '; name the files or folders to look at' : '';
    throw new UsageError(`cannot read ${path}: ${thrownText(thrown)}${advice}`);
  }
}

/** Where nothing is installed, nothing can be missing. */
function onNode(path: string): IsThere {
  const folders = path.split(':').filter((folder) => fs().existsSync(folder));
  if (folders.length === 0) return undefined;
  return (type) => folders.some((folder) => fs().existsSync(`${folder}/${type}`));
}
