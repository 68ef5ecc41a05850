import { isObject } from '../pkg/json/decode.ts';
import type { RuntimeAttachment } from '../pkg/libcni/attachment.ts';
import { ResultCache } from '../pkg/libcni/cache.ts';
import { type FoundList, findConfList } from '../pkg/libcni/conf-folder.ts';
import { addList, checkList, delList, gcList, type RuntimeOptions, statusOfList } from '../pkg/libcni/runtime.ts';
import { sha512 } from '../pkg/netfilter/sha512.ts';
import type { Environment, JsonObject } from '../pkg/skel/plugin.ts';
import { CniError, ErrorCode } from '../pkg/types/error.ts';
import { printResult } from '../pkg/types/print.ts';
import { quote } from '../pkg/types/quote.ts';

/** What `cnitool` does with a network and a namespace. */
export const RUNTIME_VERBS = ['add', 'check', 'del', 'gc', 'status'] as const;

export type RuntimeVerb = (typeof RUNTIME_VERBS)[number];

/** Where networks are configured unless NETCONFPATH says otherwise. */
export const CONF_FOLDER = '/etc/cni/net.d';

/** Where plugins are installed unless CNI_PATH says otherwise. */
export const PLUGIN_FOLDER = '/opt/cni/bin';

/** The folders of the plugins, with colons between them. */
export function pluginPath(environment: Environment): string {
  return environment['CNI_PATH'] || PLUGIN_FOLDER;
}

/** What a call of the tool is about. */
export interface Subject extends FoundList {
  readonly attachment: RuntimeAttachment;
}

/**
 * Finds the network's configuration and names the attachment as `cnitool` does, from arguments and environment.
 *
 * @param ifName the option; '' when it is not given
 */
export async function subjectOf(
  environment: Environment,
  network: string,
  netnsPath: string,
  ifName: string,
): Promise<Subject> {
  const found = await findConfList(environment['NETCONFPATH'] || CONF_FOLDER, network);
  const capabilityArgs = capabilityArgsIn(environment['CAP_ARGS'] ?? '');
  const args = pairsIn(environment['CNI_ARGS'] ?? '');
  const netns = process.getBuiltinModule('node:path').resolve(netnsPath);
  return {
    ...found,
    attachment: {
      containerId: `cnitool-${sha512(netns).slice(0, 20)}`,
      netns,
      ifName: ifName || environment['CNI_IFNAME'] || 'eth0',
      args,
      capabilityArgs,
    },
  };
}

/** Does it; gives what is to be printed. */
export async function runVerb(verb: RuntimeVerb, environment: Environment, subject: Subject): Promise<string> {
  const { list, attachment } = subject;
  const options: RuntimeOptions = { environment, path: environment['CNI_PATH'] ?? '', cache: new ResultCache() };
  switch (verb) {
    case 'add': {
      const added = await addList(options, list, attachment);
      return added === undefined ? '' : printResult(added.result, added.version, added.version);
    }
    case 'check':
      await checkList(options, list, attachment);
      return '';
    case 'del':
      await delList(options, list, attachment);
      return '';
    case 'gc':
      await gcList(options, list);
      return '';
    case 'status':
      await statusOfList(options, list);
      return '';
  }
}

function capabilityArgsIn(text: string): JsonObject {
  if (text === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new CniError(ErrorCode.invalidEnvironment, `CAP_ARGS: ${why}`, 'expected a JSON object');
  }
  if (value === null) return {};
  if (isObject(value)) return value;
  throw new CniError(ErrorCode.invalidEnvironment, 'CAP_ARGS: not an object', 'such as {"portMappings": [ … ]}');
}

function pairsIn(text: string): (readonly [string, string])[] {
  if (text === '') return [];
  return text.split(';').map((pair) => {
    const [key = '', value = '', ...surplus] = pair.split('=');
    if (key !== '' && value !== '' && surplus.length === 0) return [key, value];
    const expected = 'KEY=VALUE with ";" between them';
    throw new CniError(ErrorCode.invalidEnvironment, `invalid CNI_ARGS pair ${quote(pair)}`, expected);
  });
}
