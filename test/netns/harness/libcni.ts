import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from './host.ts';
import { type Conflist, confOf, isAtLeast, type JsonObject, type PluginEntry } from './libcni-conf.ts';
import { BUILT_PLUGINS, callPlugin, type PluginOutcome, type ResultDocument } from './plugin.ts';

/** One interface of one container, as the runtime knows it. */
export interface Attachment {
  readonly containerId: string;
  /** CNI_NETNS. */
  readonly netns: string;
  readonly ifName: string;
  /** CNI_ARGS as one text. */
  readonly args?: string;
  /** Values for the capabilities that plugins declare: `{ portMappings: [ … ] }`. */
  readonly capabilities?: Readonly<JsonObject>;
}

/** What a runtime can leave out of a DEL. */
export interface DelOptions {
  /** `false`: the result cache was lost or removed, as before containerd's second DEL. */
  readonly prevResult?: false;
  /** Instead of the attachment's CNI_NETNS: '' is what containerd's second and ctr's only DEL have. */
  readonly netns?: string;
}

/** How the valid attachments are passed to GC; libcni uses both spellings at once. */
export type GcSpelling = 'cni.dev/valid-attachments' | 'cni.dev/attachments';

/** A plugin of a list that failed; the chain ends there. */
export class ChainError extends Error {
  readonly plugin: string;
  readonly outcome: PluginOutcome;

  constructor(plugin: string, verb: string, outcome: PluginOutcome) {
    const said = outcome.error === undefined ? outcome.stderr : JSON.stringify(outcome.error);
    super(`plugin ${plugin} failed (${verb}), exit status ${outcome.exitCode}: ${said}`);
    this.plugin = plugin;
    this.outcome = outcome;
  }
}

interface CacheEntry {
  readonly list: Conflist;
  readonly attachment: Attachment;
  readonly result: ResultDocument | undefined;
}

/** Stands in for libcni on a host: runs the plugins of a list in its order and with its documents. */
export class Runtime {
  /** Every call so far, in order. */
  readonly calls: { readonly plugin: string; readonly verb: string; readonly outcome: PluginOutcome }[] = [];
  readonly #host: Host;
  readonly #path: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  readonly #cache = new Map<string, CacheEntry>();

  /**
   * `path` are the folders of CNI_PATH; folders of foreign plugins can stand before or after the built ones. `env` are
   * variables that every plugin gets besides those of the protocol.
   */
  constructor(host: Host, path: readonly string[] = [BUILT_PLUGINS], env: Readonly<Record<string, string>> = {}) {
    this.#host = host;
    this.#path = path;
    this.#env = env;
  }

  /** Calls the plugins in order; each gets the result of the one before. Nothing is taken back when one fails. */
  async add(list: Conflist, attachment: Attachment): Promise<ResultDocument | undefined> {
    let result: ResultDocument | undefined;
    for (const plugin of list.plugins) {
      const conf = confOf(list, plugin, { capabilities: attachment.capabilities, prevResult: result });
      result = (await this.#call('ADD', plugin, attachment, conf)).result;
    }
    this.#cache.set(keyOf(list, attachment), { list, attachment, result });
    return result;
  }

  /** Calls the plugins in order, each with the final result of the ADD. */
  async check(list: Conflist, attachment: Attachment): Promise<void> {
    if (!isAtLeast(list, '0.4.0')) throw new Error(`version ${list.cniVersion} does not support the CHECK command`);
    if (list.disableCheck === true) return;
    const prevResult = this.#cached(list, attachment);
    for (const plugin of list.plugins) {
      const conf = confOf(list, plugin, { capabilities: attachment.capabilities, prevResult });
      await this.#call('CHECK', plugin, attachment, conf);
    }
  }

  /** Calls the plugins in reverse order, and forgets the result when all of them succeeded. */
  async del(list: Conflist, attachment: Attachment, options: DelOptions = {}): Promise<void> {
    const mayHaveResult = options.prevResult !== false && isAtLeast(list, '0.4.0');
    const prevResult = mayHaveResult ? this.#cached(list, attachment) : undefined;
    const called = { ...attachment, netns: options.netns ?? attachment.netns };
    for (const plugin of [...list.plugins].reverse()) {
      const conf = confOf(list, plugin, { capabilities: attachment.capabilities, prevResult });
      await this.#call('DEL', plugin, called, conf);
    }
    this.#cache.delete(keyOf(list, attachment));
  }

  /** What containerd sends when a pod is stopped and then removed: the second DEL has no namespace and no result. */
  async delTwice(list: Conflist, attachment: Attachment): Promise<void> {
    await this.del(list, attachment);
    await this.del(list, attachment, { netns: '', prevResult: false });
  }

  /** Deletes what is cached and not valid, then calls GC of every plugin; all are called, whatever one of them says. */
  async gc(
    list: Conflist,
    valid: readonly Pick<Attachment, 'containerId' | 'ifName'>[],
    spellings: readonly GcSpelling[] = ['cni.dev/valid-attachments', 'cni.dev/attachments'],
  ): Promise<void> {
    if (list.disableGC === true) return;
    const keep = new Set(valid.map((attachment) => keyOf(list, attachment)));
    for (const [key, entry] of this.#cache) {
      if (entry.list.name === list.name && !keep.has(key)) await this.del(entry.list, entry.attachment);
    }
    if (!isAtLeast(list, '1.1.0')) return;
    const attachments = valid.map(({ containerId, ifName }) => ({ containerID: containerId, ifname: ifName }));
    const extra = Object.fromEntries(spellings.map((spelling) => [spelling, attachments]));
    const failures: unknown[] = [];
    for (const plugin of list.plugins) {
      await this.#call('GC', plugin, {}, confOf(list, plugin, { extra })).catch((thrown) => failures.push(thrown));
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('\n'));
  }

  /** Calls the plugins in order until one is not ready. */
  async status(list: Conflist): Promise<void> {
    if (!isAtLeast(list, '1.1.0')) return;
    for (const plugin of list.plugins) await this.#call('STATUS', plugin, {}, confOf(list, plugin));
  }

  /** Asks every plugin whether it speaks the list's version. */
  async validate(list: Conflist): Promise<void> {
    for (const plugin of list.plugins) {
      // The dummies are libcni's: plugins older than VERSION insist on values.
      const dummy = { netns: 'dummy', ifName: 'dummy', path: 'dummy' };
      const { result } = await this.#call('VERSION', plugin, dummy, { cniVersion: '1.1.0' });
      const { supportedVersions = [] } = (result ?? {}) as { readonly supportedVersions?: readonly string[] };
      if (supportedVersions.includes(list.cniVersion)) continue;
      throw new Error(`plugin ${plugin.type} does not support config version "${list.cniVersion}"`);
    }
  }

  /** Whether the runtime still has an ADD of this attachment in its cache. */
  knows(list: Conflist, attachment: Attachment): boolean {
    return this.#cache.has(keyOf(list, attachment));
  }

  #cached(list: Conflist, attachment: Attachment): ResultDocument | undefined {
    return this.#cache.get(keyOf(list, attachment))?.result;
  }

  async #call(
    verb: string,
    plugin: PluginEntry,
    variables: Partial<Attachment> & { readonly path?: string },
    conf: JsonObject,
  ): Promise<PluginOutcome> {
    const { containerId = '', netns = '', ifName = '', args = '', path = this.#path.join(':') } = variables;
    const file = this.#find(plugin.type);
    const outcome = await callPlugin(this.#host, file, {
      verb,
      containerId,
      netns,
      ifName,
      args,
      path,
      conf,
      env: this.#env,
    });
    this.calls.push({ plugin: plugin.type, verb, outcome });
    if (outcome.exitCode !== 0) throw new ChainError(plugin.type, verb, outcome);
    return outcome;
  }

  /** Looked for as the host sees the folders. */
  #find(type: string): string {
    const files = this.#path.map((folder) => join(folder, type));
    const found = files.find((file) => statSync(this.#host.root + file, { throwIfNoEntry: false })?.isFile());
    if (found === undefined) throw new Error(`failed to find plugin "${type}" in path [${this.#path.join(' ')}]`);
    return found;
  }
}

function keyOf(list: Conflist, { containerId, ifName }: Pick<Attachment, 'containerId' | 'ifName'>): string {
  return `${list.name}-${containerId}-${ifName}`;
}
