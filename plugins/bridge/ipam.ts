import type { Call, JsonObject } from '../../pkg/skel/plugin.ts';
import { readFields } from '../../pkg/types/decode.ts';
import { rawIpamOf } from './notes.ts';

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
