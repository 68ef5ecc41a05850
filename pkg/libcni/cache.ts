import { isObject } from '../json/decode.ts';
import type { JsonObject } from '../skel/plugin.ts';
import { causeErrno } from '../sys/errno.ts';
import { fileError, files, makeFolders, readTextFile, removeFile, writeFileAtomically } from '../sys/files/files.ts';
import { CniError, ErrorCode } from '../types/error.ts';
import { quote } from '../types/quote.ts';
import type { RuntimeAttachment } from './attachment.ts';
import type { ConfList } from './conf-list.ts';

/** Where results are kept, as libcni has it. */
export const CACHE_FOLDER = '/var/lib/cni';

/** Where podman and CRI-O have libcni keep them instead. */
const OTHER_CACHE_FOLDER = '/var/lib/cni/cache';

const KIND = 'cniCacheV1';

/** What a file of the cache says. */
export interface CachedAttachment extends RuntimeAttachment {
  /** The file. */
  readonly path: string;
  readonly network: string;
  /** The result's document as it was written; `undefined` when there was none. */
  readonly result: JsonObject | undefined;
}

/** Everything that runtimes on this machine have kept: what can be read, and the files that cannot. */
export function readCaches(): CacheContent {
  const contents = [CACHE_FOLDER, OTHER_CACHE_FOLDER].map((folder) => new ResultCache(folder).content());
  return {
    attachments: contents.flatMap(({ attachments }) => attachments),
    damaged: contents.flatMap(({ damaged }) => damaged),
  };
}

/** What a cache has. */
export interface CacheContent {
  readonly attachments: readonly CachedAttachment[];
  /** Files that libcni cannot read either. */
  readonly damaged: readonly string[];
}

/** The results of ADDs in files that libcni reads, and the other way round. */
export class ResultCache {
  readonly #folder: string;

  constructor(folder: string = CACHE_FOLDER) {
    this.#folder = `${folder}/results`;
  }

  /** Keeps the result of an ADD. */
  write(list: ConfList, attachment: RuntimeAttachment, result: object | undefined): void {
    const { containerId, netns, ifName, args, capabilityArgs } = attachment;
    const document = {
      kind: KIND,
      containerId,
      config: Buffer.from(list.text).toString('base64'),
      ifName,
      networkName: list.name,
      netns: netns || undefined,
      cniArgs: args.length === 0 ? undefined : args,
      capabilityArgs: Object.keys(capabilityArgs).length === 0 ? undefined : capabilityArgs,
      result,
    };
    const file = this.#file(list.name, attachment);
    try {
      makeFolders(this.#folder, 0o700);
    } catch (thrown) {
      throw fileError('mkdir', this.#folder, thrown);
    }
    writeFileAtomically(file, JSON.stringify(document), { mode: 0o600 });
  }

  /** The document of an ADD's result; `undefined` when there is none. Files of the oldest form are nothing but it. */
  result(network: string, attachment: RuntimeAttachment): JsonObject | undefined {
    let text: string | undefined;
    try {
      text = readTextFile(this.#file(network, attachment));
    } catch {
      return undefined;
    }
    if (text === undefined) return undefined;
    const document: unknown = JSON.parse(text);
    if (!isObject(document)) throw new CniError(ErrorCode.decoding, 'the file is not an object');
    if (document['kind'] !== KIND) return document;
    const { result } = document;
    return isObject(result) ? result : undefined;
  }

  /** Forgets an attachment; fine when it is not there. */
  remove(network: string, attachment: RuntimeAttachment): void {
    try {
      removeFile(this.#file(network, attachment));
    } catch {
      // As libcni: what is left of a cache is nobody's harm.
    }
  }

  /** All attachments of a network. */
  ofNetwork(network: string): readonly CachedAttachment[] {
    return this.content().attachments.filter((cached) => cached.network === network);
  }

  /** Everything in it. */
  content(): CacheContent {
    const attachments: CachedAttachment[] = [];
    const damaged: string[] = [];
    for (const name of this.#names()) {
      const path = `${this.#folder}/${name}`;
      const text = readTextFile(path);
      // Removed since it was listed.
      if (text === undefined) continue;
      const document = parsed(text);
      const cached = document && decode(document);
      if (cached !== undefined) attachments.push({ ...cached, path });
      // One of the oldest form is nothing but a result, which does not say whose.
      else if (document === undefined || document['kind'] === KIND) damaged.push(path);
    }
    return { attachments, damaged };
  }

  #names(): readonly string[] {
    try {
      return files()
        .list(this.#folder)
        .filter(({ isFolder }) => !isFolder)
        .map(({ name }) => name)
        .sort();
    } catch (thrown) {
      if (causeErrno(thrown) === 'ENOENT') return [];
      throw fileError('open', this.#folder, thrown);
    }
  }

  #file(network: string, { containerId, ifName }: RuntimeAttachment): string {
    if (network !== '' && containerId !== '' && ifName !== '') {
      return `${this.#folder}/${network}-${containerId}-${ifName}`;
    }
    throw new CniError(
      ErrorCode.invalidEnvironment,
      `cache file path requires network name (${quote(network)}), container ID (${quote(containerId)}), and ` +
        `interface name (${quote(ifName)})`,
    );
  }
}

function parsed(text: string): JsonObject | undefined {
  try {
    const document: unknown = JSON.parse(text);
    return isObject(document) ? document : undefined;
  } catch {
    return undefined;
  }
}

function decode(document: JsonObject): Omit<CachedAttachment, 'path'> | undefined {
  if (document['kind'] !== KIND) return undefined;
  const { containerId, ifName, networkName, netns = '', cniArgs, capabilityArgs, result } = document;
  if (typeof containerId !== 'string' || typeof ifName !== 'string' || typeof networkName !== 'string')
    return undefined;
  return {
    containerId,
    ifName,
    network: networkName,
    netns: typeof netns === 'string' ? netns : '',
    args: pairsIn(cniArgs),
    capabilityArgs: isObject(capabilityArgs) ? capabilityArgs : {},
    result: isObject(result) ? result : undefined,
  };
}

function pairsIn(value: unknown): (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = [];
  for (const pair of Array.isArray(value) ? value : []) {
    const [key, text] = Array.isArray(pair) ? (pair as unknown[]) : [];
    if (typeof key === 'string' && typeof text === 'string') pairs.push([key, text]);
  }
  return pairs;
}
