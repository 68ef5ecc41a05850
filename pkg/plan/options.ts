import type { FormReader } from '../rtnl/commands.ts';
import { libc } from '../sys/libc.ts';
import type { RunOptions } from './executor.ts';
import { ipDriver } from './ip-driver.ts';
import { nativeDriver, nativeDriverWith } from './native-driver.ts';
import { traceFrom } from './trace.ts';

/**
 * How a plugin's plans are carried out: traced where `CNI_TS_TRACE` says, by `ip` alone when `CNI_TS_IP=exec`, rules of
 * filters by their programs alone when `CNI_TS_NETFILTER=exec`.
 *
 * @param more native forms that only few plugins need
 */
export async function runOptions(
  environment: Readonly<Record<string, string | undefined>>,
  plugin: string,
  more?: FormReader,
): Promise<RunOptions> {
  const trace = traceFrom(environment, plugin);
  const needsPrograms = onlyFilterPrograms(environment);
  if (!onlyIp(environment)) {
    const driver = more === undefined ? nativeDriver : nativeDriverWith(more);
    return { trace, driver, onlyFilterPrograms: needsPrograms };
  }
  return { trace, driver: ipDriver, onlyFilterPrograms: needsPrograms };
}

/** Whether rules of filters are for their programs alone, to look at as well. */
export function onlyFilterPrograms(environment: Readonly<Record<string, string | undefined>>): boolean {
  return environment['CNI_TS_NETFILTER'] === 'exec';
}

/** Whether even the commands that the native driver knows need the `ip` program. */
export function needsIpProgram(environment: Readonly<Record<string, string | undefined>>): boolean {
  return onlyIp(environment) || libc() === undefined;
}

function onlyIp(environment: Readonly<Record<string, string | undefined>>): boolean {
  return environment['CNI_TS_IP'] === 'exec';
}
