import { fs } from '../../pkg/sys/files/files.ts';
import { toCniError } from '../../pkg/types/error.ts';
import { isAdministrator } from '../administrator.ts';
import { CONF_FOLDER } from '../cnitool.ts';
import { type Command, type CommandCall, UsageError } from '../command.ts';
import type { Placed } from './place.ts';
import { install as put, uninstall as takeBack } from './run.ts';

const DEST = '/opt/cni/bin';
const HOUR_MS = 3_600_000;

/** `cni install`: puts this executable where runtimes look for plugins. */
export const install: Command = {
  usage: '[--dest DIR] [--conf FILE|DIR …] [--conf-dest DIR] [--stay] [--uninstall [--force]] [--json]',
  help: `Installs this executable under the names of all its plugins, a file for each. Each name changes at once, while plugins
run; other plugins in the folder stay. What is replaced is kept in DIR/.cni-ts, and --uninstall puts it back.
Doing it again changes nothing; one that was killed halfway is finished by the next, or taken back by --uninstall.

  --dest DIR       the folder of the plugins; ${DEST}
  --conf FILE|DIR  a .conflist to put into the folder of the configurations as well, or a folder of some; may be given more
                   than once
  --conf-dest DIR  the folder of the configurations; NETCONFPATH, else ${CONF_FOLDER}
  --stay           goes on afterwards until it is asked to end: for a pod of a DaemonSet
  --uninstall      takes the installation in DIR back, its configurations too, unless containers still have networks of it
  --force          takes it back all the same: nobody takes those networks down then
  --json           as a JSON document
`,
  options: {
    dest: { type: 'string' },
    conf: { type: 'string', multiple: true },
    'conf-dest': { type: 'string' },
    stay: { type: 'boolean' },
    uninstall: { type: 'boolean' },
    force: { type: 'boolean' },
    json: { type: 'boolean' },
  },
  async run({ values, environment, terminal }) {
    if (values['force'] === true && values['uninstall'] !== true) throw new UsageError('--force is for --uninstall');
    const absolute = process.getBuiltinModule('node:path').resolve;
    const dest = absolute(textOf(values['dest']) ?? DEST);
    const confDest = absolute(textOf(values['conf-dest']) ?? (environment['NETCONFPATH'] || CONF_FOLDER));
    const { conf = [] } = values;
    try {
      const confs = (Array.isArray(conf) ? conf : []).flatMap((path) => conflistsAt(absolute(String(path))));
      const placed =
        values['uninstall'] === true
          ? await takeBack({ dest, confDest }, environment, values['force'] === true)
          : await put({ source: '/proc/self/exe', dest, confDest, confs });
      const isJson = values['json'] === true;
      await terminal.out(isJson ? `${JSON.stringify({ dest, placed }, null, 2)}\n` : shown(placed, dest, terminal));
      const missing = placed.filter(({ what }) => what === 'missing');
      if (missing.length === 0) {
        if (values['stay'] === true) await untilAskedToEnd();
        return 0;
      }
      await terminal.err(
        `cni: not found: ${missing.map(({ path }) => path).join(', ')}; say where they are by --conf-dest\n`,
      );
      return 1;
    } catch (thrown) {
      await terminal.err(`cni: ${toCniError(thrown)}${isAdministrator() ? '' : '; run it as root'}\n`);
      return 1;
    }
  },
};

function textOf(value: CommandCall['values'][string]): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A file itself; of a folder its lists, as runtimes find them. */
function conflistsAt(path: string): readonly string[] {
  if (fs().statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path];
  const names = fs()
    .readdirSync(path)
    .filter((name) => name.endsWith('.conflist'));
  return names.sort().map((name) => `${path}/${name}`);
}

function untilAskedToEnd(): Promise<void> {
  // Signals alone keep no process alive.
  const goOn = () => void setTimeout(goOn, HOUR_MS);
  goOn();
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve());
  });
}

function shown(placed: readonly Placed[], dest: string, terminal: CommandCall['terminal']): string {
  if (placed.length === 0) return `nothing of this suite was installed in ${dest}\n`;
  const lines = placed
    .filter(({ what }) => what !== 'unchanged')
    .map(({ path, what, kept }) => {
      const note = kept === undefined ? '' : terminal.style('dim', `  (what was there: ${kept})`);
      return `${terminal.style(what === 'left' || what === 'missing' ? 'yellow' : 'green', what.padEnd(9))}  ${path}${note}\n`;
    });
  const unchanged = placed.length - lines.length;
  const rest = unchanged === 0 ? '' : `unchanged: ${unchanged} ${unchanged === 1 ? 'file' : 'files'}\n`;
  return lines.join('') + rest;
}
