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
import { findProgram } from '../../pkg/sys/process.ts';
import type { Host } from '../netns/harness/host.ts';
import type { Outcome } from '../netns/harness/place.ts';
import { BUILT_PLUGINS, callPlugin, type PluginCall, pluginEnvironment } from '../netns/harness/plugin.ts';
import { withoutProgram } from '../netns/harness/without.ts';

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

/** How a program fails. */
export type CommandFault =
  | 'refuses'
  | 'is silent'
  | 'prints garbage'
  | 'is killed'
  | 'is killed after'
  | 'is old'
  | 'is missing';

/** All of them. */
export const COMMAND_FAULTS: readonly CommandFault[] = [
  'refuses',
  'is silent',
  'prints garbage',
  'is killed',
  'is killed after',
  'is old',
  'is missing',
];

/** One start of a program. */
export interface Start {
  readonly program: string;
  readonly ordinal: number;
  readonly argv: string;
}

/** What programs say that are kept from something by others, and what those say that are too old for a word. */
const WORDS: Readonly<Record<string, readonly [refusal: string, status: number, old: string, oldStatus: number]>> = {
  ip: [
    'RTNETLINK answers: Device or resource busy\\nCommand failed -:1',
    1,
    'Error: either "dev" is duplicate, or "ctmask" is a garbage.',
    255,
  ],
  tc: [
    'RTNETLINK answers: Device or resource busy\\nCommand failed -:1',
    1,
    'Unknown qdisc "ctmask", hence option "x" is unparsable',
    1,
  ],
  nft: [
    '/dev/stdin:1:1-10: Error: Could not process rule: Device or resource busy',
    1,
    '/dev/stdin:1:1-8: Error: syntax error, unexpected string',
    1,
  ],
  conntrack: [
    'conntrack v1.4.6 (conntrack-tools): Operation failed: Device or resource busy',
    1,
    'conntrack: unrecognized option',
    2,
  ],
};
const IPTABLES = [
  'iptables: Resource temporarily unavailable.',
  4,
  "iptables v1.4.21: unrecognized option '--wait=30'",
  2,
] as const;

const SCRIPT = `#!/bin/sh
me=\${0##*/}
number=1
set -C
until { echo "$*" >"$FOLDER/count/$me.$number"; } 2>/dev/null; do number=$((number + 1)); done
set +C
if [ -e "$FOLDER/target/$me.$number" ]; then
  : >"$FOLDER/hit"
  . "$FOLDER/target/$me.$number"
fi
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
      const put = (): Promise<Outcome> => run(host, plugin, faked(call));
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
      writeFileSync(join(folder, 'target', `${start.program}.${start.ordinal}`), act(start.program, fault));
      const outcome = await put();
      return { ...outcome, isHit: existsSync(join(folder, 'hit')) };
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** Everything goes through programs, so that there is something to fail. */
const ENVIRONMENT = { CNI_TS_IP: 'exec', CNI_TS_NETFILTER: 'exec' };

function run(host: Host, plugin: string, call: PluginCall): Promise<Outcome> {
  const options = { env: pluginEnvironment(call), stdin: JSON.stringify(call.conf), timeoutMs: 150_000 };
  return host.run([join(BUILT_PLUGINS, plugin)], options);
}

function act(program: string, fault: CommandFault): string {
  const [refusal, status, old, oldStatus] = WORDS[program] ?? IPTABLES;
  const real = findProgram(program);
  switch (fault) {
    case 'refuses':
      return `cat >/dev/null; printf '%b\\n' '${refusal}' >&2; exit ${status}\n`;
    case 'is old':
      return `printf '%s\\n' "${old.replaceAll('"', '\\"')}" >&2; exit ${oldStatus}\n`;
    case 'is silent':
      return 'exit 1\n';
    case 'prints garbage':
      return `"${real}" "$@" >/dev/null; status=$?; printf '\\377[{"x":!}\\n\\000%%s -A "\\n'; exit $status\n`;
    case 'is killed':
      return 'kill -9 $$\n';
    case 'is killed after':
      return `"${real}" "$@" >/dev/null; kill -9 $$\n`;
    case 'is missing':
      throw new Error('that takes no program');
  }
}
