import { readConfig } from '../config/read.ts';
import { decodeJson, isObject } from '../json/decode.ts';
import { recordsOf } from '../record/store.ts';
import { describeValue, readFields } from '../types/decode.ts';
import { CniError, ErrorCode, notAvailable, toCniError } from '../types/error.ts';
import { parsePrevResult } from '../types/prev-result.ts';
import type { Result } from '../types/result.ts';
import type { SpecVersion } from '../types/version.ts';
import { type ProtocolVariables, readVariables, validateNetworkName } from './environment.ts';
import type {
  AnyPlugin,
  AttachmentCall,
  Call,
  GcCall,
  JsonObject,
  PlannedAdd,
  ValidAttachment,
  Verb,
} from './plugin.ts';
import { configVersion, gateVersion } from './version-gate.ts';
import type { World } from './world.ts';

/** What a successful ADD gives. */
export interface AddOutcome {
  readonly result: Result;
  /** The version of the document that the result is handed on from unchanged; `undefined` when it is the plugin's own. */
  readonly readFrom: SpecVersion | undefined;
}

/** A verb's handler bound to its call, ready to run; refusals of the protocol are behind it. */
export interface PreparedCall {
  readonly verb: Verb;
  readonly cniVersion: SpecVersion;
  run(): Promise<AddOutcome | undefined>;
  /** What an ADD would do, without doing it; `undefined` when the plugin cannot tell. */
  plan(): Promise<PlannedAdd | undefined>;
  /** Takes back a successful ADD whose result could not be delivered; what fails here is only warned of. */
  rollBack(): Promise<void>;
}

const VERBS: readonly string[] = ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS'];

/** Facts about a call that errors carry even when the call is refused. */
export interface CallTrail {
  /** The version of the configuration, as soon as it is known. */
  version?: string;
}

/**
 * Takes one call through the protocol up to the plugin's door, in the order that the reference has:
 * variables, stdin, network name, verb, versions, and then the namespace, before anything is done.
 */
export async function prepareCall(plugin: AnyPlugin, world: World, trail: CallTrail): Promise<PreparedCall> {
  const variables = readVariables(world.environment);
  const configText = await world.readStdin();
  const raw = await decodeConfig(configText);
  const network = networkName(raw);
  const verb = knownVerb(variables.command);
  trail.version = configVersion(raw);
  const cniVersion = gateVersion(verb, trail.version, plugin.versions);
  if (verb === 'ADD' || verb === 'DEL') refuseOwnNetns(variables, world);
  const conf = readPluginConfig(plugin, raw, world, verb);
  const base: Call<unknown> = {
    verb,
    network,
    cniVersion,
    conf,
    configText,
    rawConf: raw,
    args: variables.args,
    environment: world.environment,
    records: recordsOf(world.environment),
    delegate: world.delegator(world.environment),
    warn: world.warn,
  };
  return {
    verb,
    cniVersion,
    run: () => runVerb(plugin, base, variables),
    plan: async () => plugin.plan?.(attachmentCall(base, variables)),
    async rollBack() {
      try {
        await plugin.del(attachmentCall({ ...base, verb: 'DEL' }, variables));
      } catch (thrown) {
        world.warn(`roll-back: ${toCniError(thrown)}`);
      }
    },
  };
}

async function runVerb(
  plugin: AnyPlugin,
  call: Call<unknown>,
  variables: ProtocolVariables,
): Promise<AddOutcome | undefined> {
  switch (call.verb) {
    case 'ADD': {
      // Only what the plugin itself has read: to decode it now could fail, after everything was done.
      const seen: SeenPrevResult = {};
      const result = await plugin.add(attachmentCall(call, variables, seen));
      return { result, readFrom: result === seen.decoded?.result ? call.cniVersion : undefined };
    }
    case 'DEL':
      await plugin.del(attachmentCall(call, variables));
      return undefined;
    case 'CHECK':
      await plugin.check(attachmentCall(call, variables));
      return undefined;
    case 'GC':
      await plugin.gc(gcCall(call));
      return undefined;
    case 'STATUS':
      await plugin.status(call);
      return undefined;
  }
}

/** The object that stdin holds; `null` is an empty one, as for the reference. */
async function decodeConfig(text: string): Promise<JsonObject> {
  const decoded = await decodeJson(text).catch((thrown: unknown) => {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new CniError(ErrorCode.decoding, `error unmarshall network config: ${why}`);
  });
  if (isObject(decoded)) return decoded;
  if (decoded === null) return {};
  const why = `the document: found ${describeValue(decoded)}, expected an object`;
  throw new CniError(ErrorCode.decoding, `error unmarshall network config: ${why}`);
}

function networkName(raw: JsonObject): string {
  const name = readFields(raw, '', ['name']).name ?? '';
  if (typeof name !== 'string') {
    const text = `error unmarshall network config: key "name": found ${describeValue(name)}, expected a text`;
    throw new CniError(ErrorCode.decoding, text);
  }
  validateNetworkName(name);
  return name;
}

function knownVerb(command: string): Verb {
  if (VERBS.includes(command)) return command as Verb;
  throw new CniError(
    ErrorCode.invalidEnvironment,
    `unknown CNI_COMMAND: ${command}`,
    `expected one of ${VERBS.join(', ')}, VERSION`,
  );
}

function refuseOwnNetns(variables: ProtocolVariables, world: World): void {
  if (variables.netnsOverride || variables.netns === '' || !world.isOwnNetns(variables.netns)) return;
  throw new CniError(
    ErrorCode.invalidNetns,
    "plugin's netns and netns from CNI_NETNS should not be the same",
    `CNI_NETNS ${JSON.stringify(variables.netns)} is the namespace this plugin runs in; nothing was done. ` +
      'CNI_NETNS_OVERRIDE=1 allows it',
  );
}

function readPluginConfig(plugin: AnyPlugin, raw: JsonObject, world: World, verb: Verb): unknown {
  if (verb === 'DEL' && plugin.ignoresConfigOnDel === true) return {};
  const ownTop = plugin.readsForeignConfig !== true;
  const schema = plugin.config;
  if (schema === undefined) return {};
  try {
    const { conf, warnings } = readConfig(schema, raw, plugin.configFailure, ownTop);
    for (const warning of warnings) world.warn(`${plugin.name}: ${warning}`);
    return conf;
  } catch (thrown) {
    // No ADD can succeed with it, and that is what STATUS is asked.
    throw verb === 'STATUS' ? notAvailable(plugin.name, thrown) : thrown;
  }
}

/** The `prevResult` of a call, decoded at the first look at it. */
interface SeenPrevResult {
  decoded?: { readonly result: Result | undefined };
}

function attachmentCall(
  call: Call<unknown>,
  variables: ProtocolVariables,
  seen: SeenPrevResult = {},
): AttachmentCall<unknown> {
  return {
    ...call,
    containerId: variables.containerId,
    ifName: variables.ifName,
    netns: variables.netns,
    get prevResult() {
      const read = () => parsePrevResult(readFields(call.rawConf, '', ['prevResult']).prevResult, call.cniVersion);
      seen.decoded ??= { result: read() };
      return seen.decoded.result;
    },
  };
}

function gcCall(call: Call<unknown>): GcCall<unknown> {
  const keys = ['cni.dev/valid-attachments', 'cni.dev/attachments'] as const;
  const fields = readFields(call.rawConf, '', keys);
  const key = keys.find((candidate) => fields[candidate] !== undefined);
  return { ...call, validAttachments: key === undefined ? undefined : readAttachments(fields[key], key) };
}

function readAttachments(list: unknown, key: string): readonly ValidAttachment[] {
  if (!Array.isArray(list)) refuseAttachments(key, list, 'a list');
  return list.map((entry: unknown, index) => {
    const path = `${key}[${index}]`;
    if (!isObject(entry)) return refuseAttachments(path, entry, 'an object');
    const { containerID, ifname } = readFields(entry, path, ['containerID', 'ifname']);
    if (typeof containerID !== 'string') return refuseAttachments(`${path}.containerID`, containerID, 'a text');
    if (typeof ifname !== 'string') return refuseAttachments(`${path}.ifname`, ifname, 'a text');
    return { containerID, ifname };
  });
}

function refuseAttachments(path: string, value: unknown, expected: string): never {
  throw new CniError(ErrorCode.invalidConfig, `key "${path}": found ${describeValue(value)}, expected ${expected}`);
}
