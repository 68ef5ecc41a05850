import { decodeJson, isObject } from '../json/decode.ts';
import type { JsonObject } from '../skel/plugin.ts';
import { readFields } from '../types/decode.ts';
import { CniError, ErrorCode } from '../types/error.ts';
import { quote } from '../types/quote.ts';
import { compareVersions, LATEST_VERSION, parseVersion } from '../types/version.ts';

/** A plugin's part of a list. */
export interface PluginConf {
  readonly type: string;
  /** A name of its own; '' when it has none, as in every list. */
  readonly name: string;
  readonly capabilities: Readonly<Record<string, unknown>>;
  /** All of it, as it was written. */
  readonly raw: JsonObject;
}

/** A list of plugins, the configuration of one network. */
export interface ConfList {
  readonly name: string;
  /** '' when it has none: then plugins take it for the oldest. */
  readonly cniVersion: string;
  readonly disableCheck: boolean;
  readonly disableGC: boolean;
  /** Whether plugins in files of their own beside the list's do not count. */
  readonly onlyInlined: boolean;
  readonly plugins: readonly PluginConf[];
  /** The text that it was read from. */
  readonly text: string;
}

const FAILURE = 'error parsing configuration list';

/** Reads the text of a list; of its own keys the letter case counts, as it does for libcni. */
export async function parseConfList(text: string): Promise<ConfList> {
  const raw = await decodeObject(text, FAILURE);
  const name = raw['name'];
  if (name === undefined) throw refused(`${FAILURE}: no name`, 'key "name": the name of the network');
  if (typeof name !== 'string') throw refused(`${FAILURE}: invalid name type ${goType(name)}`, 'key "name": a text');
  const onlyInlined = flag(raw, 'loadOnlyInlinedPlugins');
  return {
    name,
    cniVersion: versionOf(raw),
    disableCheck: flag(raw, 'disableCheck'),
    disableGC: flag(raw, 'disableGC'),
    onlyInlined,
    plugins: pluginsOf(raw, onlyInlined),
    text,
  };
}

/** Reads the text of a single plugin's configuration. */
export async function parsePluginConf(text: string): Promise<PluginConf> {
  return pluginOf(await decodeObject(text, 'error parsing configuration'));
}

/** A list made of one plugin's configuration: how the oldest files are read. */
export function listOfOne(plugin: PluginConf): ConfList {
  const { cniVersion } = readFields(plugin.raw, '', ['cniVersion']);
  const version = typeof cniVersion === 'string' ? cniVersion : '';
  const text = JSON.stringify({ cniVersion: version, name: plugin.name, plugins: [plugin.raw] });
  const flags = { disableCheck: false, disableGC: false, onlyInlined: true };
  return { name: plugin.name, cniVersion: version, ...flags, plugins: [plugin], text };
}

/** Whether a list's version is this one or newer. */
export function isAtLeast({ cniVersion }: Pick<ConfList, 'cniVersion'>, wanted: string): boolean {
  return compareVersions(parseVersion(cniVersion || '0.1.0'), parseVersion(wanted)) >= 0;
}

async function decodeObject(text: string, failure: string): Promise<JsonObject> {
  let value: unknown;
  try {
    value = await decodeJson(text);
  } catch (thrown) {
    throw new CniError(ErrorCode.decoding, `${failure}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  if (isObject(value)) return value;
  throw new CniError(ErrorCode.decoding, `${failure}: found ${goType(value)}, expected an object`);
}

function pluginsOf(raw: JsonObject, onlyInlined: boolean): PluginConf[] {
  const { plugins } = raw;
  if (plugins === undefined) {
    if (!onlyInlined) return [];
    const message = `${FAILURE}: 'loadOnlyInlinedPlugins' is true, and no 'plugins' key`;
    throw refused(message, 'give the list its plugins, or allow plugins in files of their own');
  }
  if (!Array.isArray(plugins)) {
    throw refused(`${FAILURE}: invalid 'plugins' type ${goType(plugins)}`, 'key "plugins": a list of objects');
  }
  if (plugins.length === 0) throw refused(`${FAILURE}: no plugins in list`, 'key "plugins": at least one plugin');
  return plugins.map((plugin: unknown, index) => {
    try {
      return pluginOf(isObject(plugin) ? plugin : {});
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      throw refused(`${FAILURE}: failed to parse plugin config ${index}: ${why}`, `plugins[${index}]`);
    }
  });
}

function pluginOf(raw: JsonObject): PluginConf {
  const { type, name = '', capabilities } = readFields(raw, '', ['type', 'name', 'capabilities']);
  if (typeof type !== 'string' || type === '') {
    throw refused("error parsing configuration: missing 'type'", 'key "type": the name of a plugin such as "bridge"');
  }
  return {
    type,
    name: typeof name === 'string' ? name : '',
    capabilities: isObject(capabilities) ? capabilities : {},
    raw,
  };
}

/** The newest of `cniVersion` and `cniVersions` that is known here. */
function versionOf(raw: JsonObject): string {
  const { cniVersion = '', cniVersions = [] } = raw;
  if (typeof cniVersion !== 'string') {
    throw refused(`${FAILURE}: invalid cniVersion type ${goType(cniVersion)}`, 'key "cniVersion": a text');
  }
  if (!Array.isArray(cniVersions)) {
    throw refused(`${FAILURE}: invalid type for cniVersions: ${goType(cniVersions)}`, 'key "cniVersions": a list');
  }
  if (cniVersions.length === 0) return cniVersion;
  const candidates = cniVersions.map((version: unknown, index) => {
    if (typeof version === 'string') return checked(version, `cniVersions entry ${version} at index ${index}`);
    throw refused(`${FAILURE}: invalid type for cniVersions index ${index}: ${goType(version)}`, 'a text');
  });
  if (cniVersion !== '') candidates.push(checked(cniVersion, `cniVersion ${cniVersion}`));
  const latest = parseVersion(LATEST_VERSION);
  const known = candidates.filter((version) => compareVersions(parseVersion(version), latest) <= 0);
  return known.sort((a, b) => compareVersions(parseVersion(a), parseVersion(b))).at(-1) ?? cniVersion;
}

function checked(version: string, what: string): string {
  try {
    parseVersion(version);
    return version;
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw refused(`${FAILURE}: invalid ${what}: ${why}`, 'a version such as "1.0.0"');
  }
}

function flag(raw: JsonObject, key: string): boolean {
  const value = raw[key];
  if (value === undefined) return false;
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') {
    throw refused(`${FAILURE}: invalid type ${goType(value)} for ${key}`, `key "${key}": true or false`);
  }
  const lower = value.toLowerCase();
  if (lower === 'true' || lower === 'false') return lower === 'true';
  throw refused(`${FAILURE}: invalid value ${quote(value)} for ${key}`, `key "${key}": true or false`);
}

/** A type in the words that people search for. */
function goType(value: unknown): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  return typeof value === 'number' ? 'float64' : typeof value === 'boolean' ? 'bool' : typeof value;
}

function refused(message: string, expected: string): CniError {
  return new CniError(ErrorCode.invalidConfig, message, expected);
}
