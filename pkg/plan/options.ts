import { libc } from '../sys/libc.ts';
import type { RunOptions } from './executor.ts';
import { nativeHand } from './native-hand.ts';
import { traceFrom } from './trace.ts';

/**
 * How a plugin's plans are carried out: traced where `CNI_TS_TRACE` says, by `ip` alone when `CNI_TS_IP=exec`, rules of
 * filters by their programs alone when `CNI_TS_NETFILTER=exec`.
 */
export async function runOptions(
  environment: Readonly<Record<string, string | undefined>>,
  plugin: string,
): Promise<RunOptions> {
  const trace = traceFrom(environment, plugin);
  const needsPrograms = onlyFilterPrograms(environment);
  if (!onlyIp(environment)) return { trace, hand: nativeHand, onlyFilterPrograms: needsPrograms };
  return { trace, hand: (await import('./ip-hand.ts')).ipHand, onlyFilterPrograms: needsPrograms };
}

/** Whether rules of filters are for their programs alone, to look at as well. */
export function onlyFilterPrograms(environment: Readonly<Record<string, string | undefined>>): boolean {
  return environment['CNI_TS_NETFILTER'] === 'exec';
}

/** Whether even the commands that the native hand knows need the `ip` program. */
export function needsIpProgram(environment: Readonly<Record<string, string | undefined>>): boolean {
  return onlyIp(environment) || libc() === undefined;
}

function onlyIp(environment: Readonly<Record<string, string | undefined>>): boolean {
  return environment['CNI_TS_IP'] === 'exec';
}
