import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../../pkg/sys/process/find-program.ts';
import type { Host } from '../netns/harness/host.ts';
import type { Outcome } from '../netns/harness/place.ts';
import { BUILT_PLUGINS, callPlugin, type PluginCall, pluginEnvironment } from '../netns/harness/plugin.ts';
import { withoutProgram } from '../netns/harness/without.ts';
import { act, type CommandFault } from './faults-acts.ts';
import { impatientFolder } from './faults-impatient.ts';

/** The programs that a plugin may start. */
const PROGRAMS = [
  'ip',
  'tc',
  'bridge',
  'nft',
  'conntrack',
  'nsenter',
  'setpriv',
  ...['iptables', 'ip6tables'].flatMap((name) => [name, `${name}-save`, `${name}-restore`]),
].filter((name) => existsSync(join('/usr/sbin', name)) || existsSync(join('/usr/bin', name)));

/** One start of a program. */
export interface Start {
  readonly program: string;
  readonly ordinal: number;
  readonly argv: string;
}

const SCRIPT = `#!/bin/sh
me=\${0##*/}
number=1
set -C
until { echo "$*" >"$FOLDER/count/$me.$number"; } 2>/dev/null; do number=$((number + 1)); done
for target in "$FOLDER/target/$me.$number" "$FOLDER/target/$me.any"; do
  if [ -e "$target" ]; then
    : >|"$FOLDER/hit"
    . "$target"
  fi
done
exec "$REAL" "$@"
`;

/** A folder with programs that pass everything on, and fail when they are told to. */
export interface Fakes {
  /** The starts of a call in which nothing fails. */
  startsOf(host: Host, plugin: string, call: PluginCall): Promise<readonly Start[]>;
  callWith(
    host: Host,
    plugin: string,
    call: PluginCall,
    start: Start,
    fault: CommandFault,
  ): Promise<Outcome & { isHit: boolean }>;
  remove(): void;
}

/** Makes them. */
export function makeFakes(): Fakes {
  const folder = mkdtempSync(join(tmpdir(), 'cni-ts-commands-'));
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const program of PROGRAMS) {
    const script = SCRIPT.replaceAll('$FOLDER', folder).replace('$REAL', findProgram(program));
    writeFileSync(join(bin, program), script);
    chmodSync(join(bin, program), 0o755);
  }
  const reset = (): void => {
    for (const name of ['count', 'target']) {
      rmSync(join(folder, name), { recursive: true, force: true });
      mkdirSync(join(folder, name));
    }
    rmSync(join(folder, 'hit'), { force: true });
  };
  const faked = (call: PluginCall): PluginCall => ({
    ...call,
    env: { ...call.env, ...ENVIRONMENT, PATH: `${bin}:/usr/sbin:/usr/bin:/sbin:/bin` },
  });
  return {
    async startsOf(host, plugin, call) {
      reset();
      const { exitCode, stdout } = await callPlugin(host, plugin, faked(call));
      if (exitCode !== 0) throw new Error(`${plugin} ${call.verb}: ${stdout}`);
      return readdirSync(join(folder, 'count'))
        .sort()
        .map((name) => {
          const [program = '', ordinal] = name.split('.');
          return {
            program,
            ordinal: Number(ordinal),
            argv: readFileSync(join(folder, 'count', name), 'utf8').trim(),
          };
        });
    },
    async callWith(host, plugin, call, start, fault) {
      reset();
      const isHanging = fault === 'hangs' || fault === 'always hangs';
      const executable = isHanging ? await impatientFolder() : BUILT_PLUGINS;
      const put = (): Promise<Outcome> => run(host, executable, plugin, faked({ ...call, path: executable }));
      if (fault === 'is missing') {
        let outcome: Outcome | undefined;
        rmSync(join(bin, start.program));
        try {
          await withoutProgram(host, start.program, async () => {
            outcome = await put();
          });
        } finally {
          writeFileSync(
            join(bin, start.program),
            SCRIPT.replaceAll('$FOLDER', folder).replace('$REAL', findProgram(start.program)),
            { mode: 0o755 },
          );
        }
        if (outcome === undefined) throw new Error('no outcome');
        return { ...outcome, isHit: true };
      }
      const which = fault === 'always hangs' ? 'any' : start.ordinal;
      writeFileSync(join(folder, 'target', `${start.program}.${which}`), act(start.program, fault));
      const outcome = await put();
      return { ...outcome, isHit: existsSync(join(folder, 'hit')) };
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** Everything goes through programs, so that there is something to fail. */
const ENVIRONMENT = { CNI_TS_IP: 'exec', CNI_TS_NETFILTER: 'exec' };

/** Plugins that the call delegates to are of the same folder, so that they are the same executable. */
function run(host: Host, folder: string, plugin: string, call: PluginCall): Promise<Outcome> {
  const options = { env: pluginEnvironment(call), stdin: JSON.stringify(call.conf), timeoutMs: 150_000 };
  return host.run([join(folder, plugin)], options);
}
