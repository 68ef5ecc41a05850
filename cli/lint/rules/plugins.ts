import { foldKeys } from '../../../pkg/config/fold-keys.ts';
import { keyInError } from '../../../pkg/config/key-in-error.ts';
import { misfitsOf, readConfig } from '../../../pkg/config/read.ts';
import { isObject } from '../../../pkg/json/decode.ts';
import type { AnyPlugin, JsonObject } from '../../../pkg/skel/plugin.ts';
import { readFields } from '../../../pkg/types/decode.ts';
import { CniError } from '../../../pkg/types/error.ts';
import { pluginNamed } from '../../../plugins/table.ts';
import { callOf } from '../call.ts';
import type { LintDocument } from '../document.ts';
import { MAIN_TYPES } from '../facts.ts';
import type { Path, Problems } from '../finding.ts';
import { REFUSALS } from './refusals.ts';

/** A configuration that one plugin of the suite is to read. */
interface Part {
  readonly plugin: AnyPlugin;
  readonly path: Path;
  readonly raw: JsonObject;
}

/** The keys of the suite's own plugins: known ones, their types, and what the plugins themselves would refuse. */
export async function checkPlugins(document: LintDocument, problems: Problems): Promise<void> {
  for (const part of partsOf(document)) await checkPart(document, part, problems);
}

function partsOf({ entries }: LintDocument): readonly Part[] {
  return entries.flatMap(({ type, ipamType, raw, path }) => {
    const plugin = pluginNamed(type);
    const ipam = pluginNamed(ipamType);
    // Some plugins of others have words of their own where host-local has a subnet.
    const isRead = MAIN_TYPES.includes(type) && type !== 'flannel' && ipam?.readsForeignConfig === true;
    return [
      ...(plugin === undefined || plugin.readsForeignConfig ? [] : [{ plugin, path, raw }]),
      ...(isRead && ipam !== undefined ? [{ plugin: ipam, path, raw }] : []),
      ...(type === 'flannel' ? delegateOf(raw, path) : []),
    ];
  });
}

/** What flannel gives to bridge, or to another plugin of the suite. */
function delegateOf(raw: JsonObject, path: Path): readonly Part[] {
  const { delegate } = readFields(raw, '', ['delegate']);
  if (!isObject(delegate)) return [];
  const { type = 'bridge' } = readFields(delegate, '', ['type']);
  const plugin = pluginNamed(String(type));
  return plugin === undefined ? [] : [{ plugin, path: [...path, 'delegate'], raw: delegate }];
}

async function checkPart(document: LintDocument, { plugin, path, raw }: Part, problems: Problems): Promise<void> {
  const schema = plugin.config;
  if (schema === undefined) return;
  const ownTop = plugin.readsForeignConfig !== true;
  const { value, unknown } = foldKeys(schema, raw, ownTop);
  for (const key of unknown) noteUnknown(plugin, [...path, ...(key.path as Path)], key.meant, problems);
  const misfits = misfitsOf(schema, value);
  for (const { path: inner, found, expected } of misfits) {
    const at = [...path, ...(inner as Path)];
    problems.error(at, `found ${found}, expected ${expected}`, '', found === 'nothing' ? 'key' : 'value');
  }
  if (misfits.length > 0) return;
  const { conf } = readConfig(schema, raw, plugin.configFailure, ownTop);
  try {
    REFUSALS[plugin.name]?.(callOf(document, raw, conf));
  } catch (thrown) {
    if (!(thrown instanceof CniError)) throw thrown;
    const about = keyInError(thrown);
    const at = about === undefined ? [...path, 'type'] : [...path, ...partsOfKey(about.key)];
    problems.error(at, thrown.message, about === undefined ? thrown.details : `expected ${about.expected}`);
  }
}

function noteUnknown(plugin: AnyPlugin, path: Path, meant: string | undefined, problems: Problems): void {
  const key = String(path.at(-1));
  if (meant !== undefined) {
    problems.warning(path, `unknown key "${key}" is ignored`, `did you mean "${meant}"?`, 'key');
  } else if (plugin.name === 'bridge' && IPAM_KEYS.includes(key.toLowerCase()) && path.at(-2) !== 'ipam') {
    problems.warning(path, `bridge does not read "${key}"`, 'it belongs into the "ipam" section', 'key');
  } else {
    problems.note(path, `${plugin.name} does not know the key "${key}"`, 'it is ignored', 'key');
  }
}

const IPAM_KEYS = ['subnet', 'ranges', 'rangestart', 'rangeend', 'routes', 'gateway', 'resolvconf', 'datadir'];

/** `ipam.ranges[0][1].subnet` as its parts. */
function partsOfKey(key: string): Path {
  return [...key.matchAll(/[^.[\]]+/g)].map(([part]) => (/^\d+$/.test(part) ? Number(part) : part));
}
