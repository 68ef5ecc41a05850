import { isObject } from '../json/decode.ts';
import type { AttachmentCall, Call, JsonObject } from '../skel/plugin.ts';
import { readFields } from '../types/decode.ts';
import { CniError, ErrorCode, toCniError } from '../types/error.ts';
import type { Result } from '../types/result.ts';

/** The `ipam` section as it was written. */
export function rawIpamOf(raw: JsonObject): JsonObject | undefined {
  const { ipam } = readFields(raw, '', ['ipam']);
  return isObject(ipam) ? ipam : undefined;
}

/**
 * Has the IPAM plugin release the attachment's addresses; gives what failed. Where the `ipam` section was another one
 * when they were given, that one is asked too.
 */
export async function releaseAddresses(call: Call<unknown>, noted: JsonObject | undefined): Promise<unknown[]> {
  const current = rawIpamOf(call.rawConf);
  const failures: unknown[] = [];
  for (const ipam of isSame(current, noted) ? [current] : [noted, current]) {
    const { type } = readFields(ipam ?? {}, 'ipam', ['type']);
    if (typeof type !== 'string' || type === '') continue;
    const config = ipam === current ? call.configText : JSON.stringify({ ...withoutIpam(call.rawConf), ipam });
    try {
      await call.delegate.run({ type, verb: 'DEL', config });
    } catch (thrown) {
      failures.push(thrown);
    }
  }
  return failures;
}

function isSame(current: JsonObject | undefined, noted: JsonObject | undefined): boolean {
  return noted === undefined || JSON.stringify(current) === JSON.stringify(noted);
}

function withoutIpam(conf: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(conf).filter(([key]) => key.toLowerCase() !== 'ipam'));
}

/** Whether an address goes back to its server through the link, as with dhcp: then it has to go first. */
export function isReleasedThroughLink(call: Call<unknown>, noted: JsonObject | undefined): boolean {
  for (const ipam of [noted, rawIpamOf(call.rawConf)]) if (ipam?.['type'] === 'dhcp') return true;
  return false;
}

/** What ADD had given. One that cannot be read is as good as none: it must not keep anything from being removed. */
export function previousResult(call: AttachmentCall<unknown>, plugin: string): Result | undefined {
  try {
    return call.prevResult;
  } catch (thrown) {
    call.warn(`${plugin}: ${toCniError(thrown)}`);
    return undefined;
  }
}

/** All failures of a DEL in one error. */
export function together(failures: readonly unknown[]): CniError {
  const [first, ...others] = failures.map(toCniError);
  if (first === undefined || others.length === 0) return first ?? new CniError(ErrorCode.internal, 'DEL failed');
  const details = [first.details, ...others.map((other) => `also: ${other}`)].filter((text) => text !== '');
  return new CniError(first.code, first.message, details.join('; '), { cause: failures[0] });
}
