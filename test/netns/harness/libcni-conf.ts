import type { ResultDocument } from './plugin.ts';

/** An object of a JSON document. */
export type JsonObject = Record<string, unknown>;

/** A plugin's part of a list. */
export interface PluginEntry extends Readonly<JsonObject> {
  readonly type: string;
  readonly capabilities?: Readonly<Record<string, boolean>>;
}

/** A configuration list, as it stands in /etc/cni/net.d. */
export interface Conflist {
  readonly cniVersion: string;
  readonly name: string;
  readonly disableCheck?: boolean;
  readonly disableGC?: boolean;
  readonly plugins: readonly PluginEntry[];
}

/** What a call adds to a plugin's own configuration. */
export interface CallParts {
  readonly capabilities?: Readonly<JsonObject> | undefined;
  readonly prevResult?: ResultDocument | undefined;
  readonly extra?: Readonly<JsonObject>;
}

/** The document that libcni puts on a plugin's stdin: keys in order, the list's name and version, what the call adds. */
export function confOf(list: Conflist, plugin: PluginEntry, parts: CallParts = {}): JsonObject {
  const runtimeConfig = runtimeConfigOf(plugin, parts.capabilities ?? {});
  return sortKeys({
    ...plugin,
    ...parts.extra,
    name: list.name,
    cniVersion: list.cniVersion,
    ...(parts.prevResult === undefined ? {} : { prevResult: parts.prevResult }),
    ...(runtimeConfig === undefined ? {} : { runtimeConfig }),
  });
}

/** Whether a list's version is this one or newer. */
export function isAtLeast({ cniVersion }: Conflist, wanted: string): boolean {
  return cniVersion.localeCompare(wanted, 'en', { numeric: true }) >= 0;
}

/** Only values for capabilities that the plugin declares; no key at all when there are none. */
function runtimeConfigOf({ capabilities = {} }: PluginEntry, values: Readonly<JsonObject>): JsonObject | undefined {
  const wanted = Object.entries(values).filter(([name]) => capabilities[name] === true);
  return wanted.length === 0 ? undefined : Object.fromEntries(wanted);
}

function sortKeys(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}
