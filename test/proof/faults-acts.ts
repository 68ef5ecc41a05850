import { findProgram } from '../../pkg/sys/process/find-program.ts';

/** How a program fails. */
export type CommandFault =
  | 'refuses'
  | 'is silent'
  | 'prints garbage'
  | 'is killed'
  | 'is killed after'
  | 'is old'
  | 'is missing'
  | 'hangs'
  | 'always hangs';

/** All of them. */
export const COMMAND_FAULTS: readonly CommandFault[] = [
  'refuses',
  'is silent',
  'prints garbage',
  'is killed',
  'is killed after',
  'is old',
  'is missing',
  'hangs',
  'always hangs',
];

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

/** The lines of a script that stand for the program. */
export function act(program: string, fault: CommandFault): string {
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
    case 'hangs':
    case 'always hangs':
      return 'exec sleep 1000\n';
    case 'is missing':
      throw new Error('that takes no program');
  }
}
