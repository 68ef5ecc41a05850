import { findPlugin } from '../delegate/find-plugin.ts';
import { runForeign } from '../delegate/foreign.ts';
import { validateContainerId, validateInterfaceName, validateNetworkName } from '../skel/environment.ts';
import type { Environment, Verb } from '../skel/plugin.ts';
import { isRegularFile } from '../sys/files/calls.ts';
import { statusOf } from '../sys/files/files.ts';
import { toDocument } from '../types/document.ts';
import { CniError, toCniError } from '../types/error.ts';
import { parseResult } from '../types/parse-result.ts';
import { parseDelegateOutput } from '../types/prev-result.ts';
import type { VersionedResult } from '../types/result.ts';
import { isSpecVersion, type SpecVersion } from '../types/version.ts';
import { argsText, type RuntimeAttachment } from './attachment.ts';
import type { ResultCache } from './cache.ts';
import { type ConfList, isAtLeast, type PluginConf } from './conf-list.ts';
import { type CallParts, pluginConfig } from './plugin-config.ts';

/** Where a runtime finds plugins and keeps results. */
export interface RuntimeOptions {
  /** Of the process: plugins get all of it. */
  readonly environment: Environment;
  /** CNI_PATH. */
  readonly path: string;
  readonly cache: ResultCache;
}

/** Calls all plugins of a list in order, each with the result of the one before; gives the last result. */
export async function addList(
  options: RuntimeOptions,
  list: ConfList,
  attachment: RuntimeAttachment,
): Promise<VersionedResult | undefined> {
  validateContainerId(attachment.containerId);
  validateNetworkName(list.name);
  validateInterfaceName(attachment.ifName);
  let result: VersionedResult | undefined;
  for (const plugin of list.plugins) {
    try {
      const parts = { prevResult: result && documentOf(result), capabilityArgs: attachment.capabilityArgs };
      const stdout = await call(options, 'ADD', list, plugin, attachment, parts);
      result = parseDelegateOutput(stdout, list.cniVersion || '0.1.0');
    } catch (thrown) {
      throw about(`plugin ${describe(plugin)} failed (add)`, thrown);
    }
  }
  try {
    options.cache.write(list, attachment, result && documentOf(result));
  } catch (thrown) {
    throw about(`failed to set network "${list.name}" cached result`, thrown);
  }
  return result;
}

/** Calls all plugins of a list in order with the result of the ADD; the first error is that of the whole. */
export async function checkList(options: RuntimeOptions, list: ConfList, attachment: RuntimeAttachment): Promise<void> {
  if (!isAtLeast(list, '0.4.0')) {
    const message = `configuration version "${list.cniVersion}" does not support the CHECK command`;
    throw new CniError(1, message, 'it came with "cniVersion" 0.4.0');
  }
  if (list.disableCheck) return;
  let prevResult: object | undefined;
  try {
    prevResult = cachedResult(options, list, attachment);
  } catch (thrown) {
    throw about(`failed to get network "${list.name}" cached result`, thrown);
  }
  const parts = { prevResult, capabilityArgs: attachment.capabilityArgs };
  for (const plugin of list.plugins) await call(options, 'CHECK', list, plugin, attachment, parts);
}

/** Calls all plugins of a list in reverse order with the result of the ADD, and forgets that. */
export async function delList(options: RuntimeOptions, list: ConfList, attachment: RuntimeAttachment): Promise<void> {
  let prevResult: object | undefined;
  if (isAtLeast(list, '0.4.0')) {
    try {
      prevResult = cachedResult(options, list, attachment);
    } catch {
      // A damaged one must keep nobody's container alive.
      options.cache.remove(list.name, attachment);
    }
  }
  const parts = { prevResult, capabilityArgs: attachment.capabilityArgs };
  for (const plugin of [...list.plugins].reverse()) {
    try {
      await call(options, 'DEL', list, plugin, attachment, parts);
    } catch (thrown) {
      throw about(`plugin ${describe(plugin)} failed (delete)`, thrown);
    }
  }
  options.cache.remove(list.name, attachment);
}

/** Deletes every attachment of the network that is in the cache, and has each plugin collect what is left. */
export async function gcList(options: RuntimeOptions, list: ConfList): Promise<void> {
  if (list.disableGC) return;
  const failures: string[] = [];
  for (const cached of options.cache.ofNetwork(list.name)) {
    try {
      await delList(options, list, cached);
    } catch (thrown) {
      const which = `${cached.containerId} ${cached.ifName}`;
      failures.push(about(`failed to delete stale attachment ${which}`, thrown).toString());
    }
  }
  for (const plugin of isAtLeast(list, '1.1.0') ? list.plugins : []) {
    try {
      await call(options, 'GC', list, plugin);
    } catch (thrown) {
      failures.push(about(`failed to GC plugin ${plugin.type}`, thrown).toString());
    }
  }
  if (failures.length > 0) throw new CniError(999, failures.join('\n'));
}

/** Asks all plugins of a list whether they could ADD; the first that could not is the answer. */
export async function statusOfList(options: RuntimeOptions, list: ConfList): Promise<void> {
  if (!isAtLeast(list, '1.1.0')) return;
  for (const plugin of list.plugins) await call(options, 'STATUS', list, plugin);
}

/** The cached result in the list's version. */
function cachedResult({ cache }: RuntimeOptions, list: ConfList, attachment: RuntimeAttachment): object | undefined {
  const document = cache.result(list.name, attachment);
  if (document === undefined) return undefined;
  const written = typeof document['cniVersion'] === 'string' ? document['cniVersion'] : '';
  return documentOf({ result: parseResult(document, written), version: versionOf(list) });
}

function versionOf({ cniVersion }: ConfList): SpecVersion {
  const version = cniVersion || '0.1.0';
  if (isSpecVersion(version)) return version;
  throw new CniError(1, `unsupported CNI result version "${cniVersion}"`);
}

function documentOf({ result, version }: VersionedResult): object {
  return toDocument(result, version, version);
}

async function call(
  { environment, path }: RuntimeOptions,
  verb: Verb,
  list: ConfList,
  plugin: PluginConf,
  attachment?: RuntimeAttachment,
  parts: CallParts = {},
): Promise<string> {
  const file = findPlugin(plugin.type, path, isFile);
  const variables = {
    CNI_COMMAND: verb,
    CNI_CONTAINERID: attachment?.containerId ?? '',
    CNI_NETNS: attachment?.netns ?? '',
    CNI_ARGS: attachment === undefined ? '' : argsText(attachment),
    CNI_IFNAME: attachment?.ifName ?? '',
    CNI_PATH: path,
  };
  const request = { type: plugin.type, verb, config: pluginConfig(list, plugin, parts) };
  return runForeign(file, request, { ...environment, ...variables });
}

function isFile(file: string): boolean {
  const found = statusOf(file);
  return found !== undefined && isRegularFile(found);
}

function describe({ type, name }: PluginConf): string {
  return `type="${type}"${name === '' ? '' : ` name="${name}"`}`;
}

function about(what: string, thrown: unknown): CniError {
  const { code, message, details } = toCniError(thrown);
  return new CniError(code, `${what}: ${message}`, details, { cause: thrown });
}
