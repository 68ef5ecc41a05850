import type { Result } from '../../pkg/types/result.ts';

/** The MAC as it was asked for, wherever the result names the interface. */
export function withMac(result: Result, ifName: string, mac: string): Result {
  const interfaces: NonNullable<Result['interfaces']>[number][] = [];
  for (const one of result.interfaces ?? []) interfaces.push(one.name === ifName ? { ...one, mac } : one);
  return interfaces.length === 0 ? result : { ...result, interfaces };
}
