import { describeValue, readFields, shortened } from '../types/decode.ts';
import { CniError, ErrorCode } from '../types/error.ts';
import { quote, quoteList } from '../types/quote.ts';
import { compareVersions, parseVersion, SPEC_VERSIONS, type SpecVersion } from '../types/version.ts';
import type { JsonObject, Verb } from './plugin.ts';

/** The first specification version that has the verb; ADD and DEL are in all of them. */
const SINCE: Readonly<Partial<Record<Verb, SpecVersion>>> = { CHECK: '0.4.0', GC: '1.1.0', STATUS: '1.1.0' };

/** The version that a configuration claims; one without is of the first version. */
export function configVersion(raw: JsonObject): string {
  const version = readFields(raw, '', ['cniVersion']).cniVersion ?? '';
  if (typeof version !== 'string') {
    const text = `decoding version from network config: key "cniVersion": found ${describeValue(version)}, expected a text`;
    throw new CniError(ErrorCode.decoding, text, 'for example "1.0.0"');
  }
  return version === '' ? '0.1.0' : version;
}

/** Refuses a verb that the configuration's version does not have, and a version that the plugin does not speak. */
export function gateVersion(verb: Verb, version: string, supported: readonly SpecVersion[]): SpecVersion {
  const since = SINCE[verb];
  const at = SPEC_VERSIONS.indexOf(version as SpecVersion);
  // What nearly every configuration says needs no reading of numbers.
  if (at !== -1 && (since === undefined || at >= SPEC_VERSIONS.indexOf(since))) {
    for (const candidate of supported) if (candidate === version) return candidate;
  }
  if (since !== undefined) {
    const wanted = numbers(version);
    if (compareVersions(wanted, numbers(since)) < 0)
      refuse(`config version does not allow ${verb}`, version, supported);
    if (!supported.some((candidate) => compareVersions(numbers(candidate), wanted) >= 0)) {
      refuse(`plugin version does not allow ${verb}`, version, supported);
    }
  }
  return refuse('incompatible CNI versions', version, supported);
}

function numbers(version: string) {
  try {
    // Too long to be one or short enough to be shown.
    return parseVersion(shortened(version));
  } catch (thrown) {
    throw new CniError(ErrorCode.decoding, thrown instanceof Error ? thrown.message : String(thrown));
  }
}

function refuse(message: string, version: string, supported: readonly SpecVersion[]): never {
  throw new CniError(
    ErrorCode.incompatibleVersion,
    message,
    `config is ${quote(shortened(version))}, plugin supports ${quoteList(supported)}`,
  );
}
