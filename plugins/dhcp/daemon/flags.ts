import type { Patience } from '../../../pkg/dhcp/client.ts';
import { SOCKET_PATH } from '../protocol.ts';
import { readDuration } from './duration.ts';

/** How the daemon runs. */
export interface DaemonFlags {
  readonly pidFile: string;
  readonly hostPrefix: string;
  readonly socketPath: string;
  readonly broadcast: boolean;
  readonly patience: Patience;
}

/** What is printed instead, and the exit status. */
export interface FlagsRefused {
  readonly text: string;
  readonly exitCode: number;
}

/** The flags of the reference, with their defaults as they are written there. */
const FLAGS = {
  broadcast: { kind: '', fallback: 'false', text: 'ask servers to answer to everybody on the link' },
  hostprefix: { kind: 'string', fallback: '', text: 'folder that the paths of socket and namespaces begin with' },
  pidfile: { kind: 'string', fallback: '', text: 'absolute path of a file for the number of this process' },
  resendmax: { kind: 'duration', fallback: '1m2s', text: 'longest pause between two tries to get an address' },
  resendtimeout: { kind: 'duration', fallback: '3m28s', text: 'time for all tries together' },
  socketpath: { kind: 'string', fallback: SOCKET_PATH, text: 'path of the socket' },
  timeout: {
    kind: 'duration',
    fallback: '10s',
    text: 'time for the first answer; an exchange may take seven times it',
  },
} as const;

type Name = keyof typeof FLAGS;

/** Reads flags as Go's `flag` does: `-name value`, `--name=value`, a switch alone; the first other word ends them. */
export function readFlags(argv: readonly string[]): DaemonFlags | FlagsRefused {
  const values = new Map<Name, string>();
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined && /^--?[^-]/.test(word); word = rest.shift()) {
    const [, name = '', , inline] = /^--?([^=]*)(=(.*))?$/s.exec(word) ?? [];
    if (name === 'h' || name === 'help') return { text: usage(), exitCode: 0 };
    if (!isName(name)) return refused(`flag provided but not defined: -${name}`);
    const value = inline ?? (FLAGS[name].kind === '' ? 'true' : rest.shift());
    if (value === undefined) return refused(`flag needs an argument: -${name}`);
    if (!isValue(name, value)) {
      const what = FLAGS[name].kind === '' ? 'boolean value' : 'value';
      return refused(
        `invalid ${what} ${JSON.stringify(value)} for ${what === 'value' ? 'flag ' : ''}-${name}: parse error`,
      );
    }
    values.set(name, value);
  }
  const text = (name: Name) => values.get(name) ?? FLAGS[name].fallback;
  const duration = (name: Name) => readDuration(text(name)) ?? 0;
  return {
    pidFile: text('pidfile'),
    hostPrefix: text('hostprefix'),
    socketPath: text('socketpath'),
    broadcast: TRUE.includes(text('broadcast')),
    patience: {
      timeout: Math.max(1, duration('timeout')),
      resendMax: duration('resendmax'),
      resendTimeout: duration('resendtimeout'),
    },
  };
}

/** What Go takes for a switch. */
const TRUE: readonly string[] = ['1', 't', 'T', 'true', 'TRUE', 'True'];
const FALSE: readonly string[] = ['0', 'f', 'F', 'false', 'FALSE', 'False'];

function isName(name: string): name is Name {
  return Object.hasOwn(FLAGS, name);
}

function isValue(name: Name, value: string): boolean {
  const { kind } = FLAGS[name];
  if (kind === 'string') return true;
  return kind === 'duration' ? readDuration(value) !== undefined : [...TRUE, ...FALSE].includes(value);
}

function refused(why: string): FlagsRefused {
  return { text: `${why}\n${usage()}`, exitCode: 2 };
}

function usage(): string {
  const lines = Object.entries(FLAGS).map(([name, { kind, fallback, text }]) => {
    const otherwise = fallback === '' || fallback === 'false' ? '' : ` (default ${fallback})`;
    return `  -${name}${kind === '' ? '' : ` ${kind}`}\n    \t${text}${otherwise}\n`;
  });
  return `Usage of daemon:\n${lines.join('')}`;
}
