import { isObject } from '../json/decode.ts';
import type { JsonObject } from '../skel/plugin.ts';
import type { ConfList, PluginConf } from './conf-list.ts';

/** What a call adds to a plugin's own configuration. */
export interface CallParts {
  /** The document of the result of before. */
  readonly prevResult?: object | undefined;
  /** Values for the capabilities that plugins declare. */
  readonly capabilityArgs?: Readonly<JsonObject>;
  /** Keys of the verb. */
  readonly extra?: Readonly<JsonObject>;
}

/** The document that a plugin gets on its stdin: its own part, the list's name and version, and what the call adds. */
export function pluginConfig(list: ConfList, plugin: PluginConf, parts: CallParts = {}): string {
  const runtimeConfig = runtimeConfigOf(plugin, parts.capabilityArgs ?? {});
  return sortedJson({
    ...plugin.raw,
    ...parts.extra,
    name: list.name,
    cniVersion: list.cniVersion,
    ...(parts.prevResult === undefined ? {} : { prevResult: parts.prevResult }),
    ...(runtimeConfig === undefined ? {} : { runtimeConfig }),
  });
}

/** Only values for capabilities that the plugin declares; `undefined` when there are none. */
function runtimeConfigOf({ capabilities }: PluginConf, values: Readonly<JsonObject>): JsonObject | undefined {
  const wanted = Object.entries(values).filter(([name]) => capabilities[name] === true);
  return wanted.length === 0 ? undefined : Object.fromEntries(wanted);
}

/** A document with the keys of all its objects in order. */
export function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    isObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}
