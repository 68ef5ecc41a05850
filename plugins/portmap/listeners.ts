import type { PortMapping } from './mapping.ts';

/** The one place where programs of this host that listen on a mapped port are to be named: they get nothing any more. */
export async function warnOfListeners(
  _mappings: readonly PortMapping[],
  _warn: (line: string) => void,
): Promise<void> {}
