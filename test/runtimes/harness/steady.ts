import type { RecordedCall } from '../../protocol/recording.ts';

/** A call and how the plugin ended. */
export interface FoundCall extends RecordedCall {
  readonly answer: { readonly status: number; readonly stderr: string };
}

/**
 * Names that a runtime makes up, and one of the same kind instead. MAC addresses that a person gave are of the kind
 * that stays.
 */
const MADE_UP: readonly (readonly [pattern: RegExp, replacement: (index: number) => string])[] = [
  [/\b[\da-f]{64}\b/g, (index) => String(index).padStart(64, '0')],
  [/\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b/g, (index) => `00000000-0000-0000-0000-${pad(index, 12)}`],
  [/\bveth[\da-f]{8}\b/g, (index) => `veth${pad(index, 8)}`],
  [/\b(?!02:11:)[\da-f]{2}(?::[\da-f]{2}){5}\b/g, (index) => `02:00:00:00:00:${pad(index, 2)}`],
  [/\/proc\/\d+\/ns\/net\b/g, (index) => `/proc/${1000 + index}/ns/net`],
];

/** Replaces what differs from run to run, the same by the same. */
export function withSteadyNames(text: string): string {
  return MADE_UP.reduce((current, [pattern, replacement]) => {
    const names = [...new Set(current.match(pattern))];
    return current.replace(pattern, (found) => replacement(names.indexOf(found) + 1));
  }, text);
}

/** Runtimes set up several interfaces at once or in any order, and write CNI_ARGS and ports in any order. */
export function inSteadyOrder(calls: readonly FoundCall[]): readonly FoundCall[] {
  const rank = ({ variables }: FoundCall) => {
    const name = variables['CNI_IFNAME'] ?? '';
    return name === 'lo' ? '' : name;
  };
  return calls
    .map((call) => {
      const { CNI_ARGS: args } = call.variables;
      const sorted = args === undefined ? {} : { CNI_ARGS: args.split(';').sort().join(';') };
      const variables = { ...call.variables, ...sorted };
      return { ...call, variables, stdin: withSortedPorts(call.stdin) };
    })
    .sort((a, b) => rank(a).localeCompare(rank(b)));
}

function withSortedPorts(stdin: FoundCall['stdin']): FoundCall['stdin'] {
  const runtimeConfig = stdin['runtimeConfig'] as { readonly portMappings?: readonly object[] } | undefined;
  if (runtimeConfig?.portMappings === undefined) return stdin;
  const texts = runtimeConfig.portMappings.map((mapping) => JSON.stringify(mapping)).sort();
  return {
    ...stdin,
    runtimeConfig: { ...runtimeConfig, portMappings: texts.map((text) => JSON.parse(text) as object) },
  };
}

function pad(index: number, length: number): string {
  return String(index).padStart(length, '0');
}
