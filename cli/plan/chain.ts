import { findPlugin } from '../../pkg/delegate/find-plugin.ts';
import { argsText } from '../../pkg/libcni/attachment.ts';
import { pluginConfig } from '../../pkg/libcni/plugin-config.ts';
import { isOwnNetns } from '../../pkg/netns/is-own.ts';
import type { PlannedStep } from '../../pkg/plan/steps.ts';
import type { Delegator } from '../../pkg/skel/delegator.ts';
import { planPlugin } from '../../pkg/skel/plan-plugin.ts';
import type { Environment } from '../../pkg/skel/plugin.ts';
import { isRegularFile } from '../../pkg/sys/files/calls.ts';
import { statusOf } from '../../pkg/sys/files/files.ts';
import { isSameBuild } from '../../pkg/sys/process/same-build.ts';
import { toDocument } from '../../pkg/types/document.ts';
import { CniError, ErrorCode, toCniError } from '../../pkg/types/error.ts';
import { parsePrevResult } from '../../pkg/types/prev-result.ts';
import type { Result } from '../../pkg/types/result.ts';
import { isSpecVersion, type SpecVersion } from '../../pkg/types/version.ts';
import { pluginNamed } from '../../plugins/table.ts';
import type { Subject } from '../cnitool.ts';

/** What one plugin of a list would do, or one that it calls itself. */
export interface PlannedPlugin {
  readonly plugin: string;
  /** The plugin that calls it; absent when the runtime does. */
  readonly calledBy?: string;
  readonly steps: readonly PlannedStep[];
  /** What it would tell people besides. */
  readonly notes: readonly string[];
}

/** What the ADD of a whole list would do. */
export interface PlannedChain {
  readonly plugins: readonly PlannedPlugin[];
  /** The document that the runtime would get; absent when the ADD would fail or a plugin cannot be looked into. */
  readonly result?: object;
  /** Why the ADD would fail. */
  readonly failure?: string;
  /** Plugins that this suite does not have: what they would do nobody knows. */
  readonly unknown: readonly string[];
}

/** Plans the ADD of a list plugin by plugin, each with the result that the one before would give. */
export async function planChain(environment: Environment, { list, attachment }: Subject): Promise<PlannedChain> {
  const version = versionOf(list.cniVersion);
  const variables: Environment = {
    ...environment,
    CNI_COMMAND: 'ADD',
    CNI_CONTAINERID: attachment.containerId,
    CNI_NETNS: attachment.netns,
    CNI_IFNAME: attachment.ifName,
    CNI_ARGS: argsText(attachment),
    CNI_PATH: environment['CNI_PATH'] || '/opt/cni/bin',
  };
  const planned: PlannedPlugin[] = [];
  const unknown: string[] = [];
  let prevResult: object | undefined;
  for (const plugin of list.plugins) {
    const config = pluginConfig(list, plugin, { prevResult, capabilityArgs: attachment.capabilityArgs });
    try {
      const result = await planOne({ type: plugin.type, config, environment: variables, planned });
      prevResult = toDocument(result, version, version);
    } catch (thrown) {
      if (thrown instanceof UnknownPlugin) {
        unknown.push(thrown.plugin);
        planned.push({ plugin: plugin.type, steps: [], notes: [thrown.message] });
        if (prevResult === undefined || thrown.plugin !== plugin.type) return { plugins: planned, unknown };
      } else {
        const failure = `plugin ${plugin.type}: ${toCniError(thrown)}`;
        return { plugins: planned, failure, unknown };
      }
    }
  }
  return { plugins: planned, unknown, ...(prevResult === undefined ? {} : { result: prevResult }) };
}

/** A plugin that nobody can look into. */
class UnknownPlugin extends CniError {
  readonly plugin: string;

  constructor(plugin: string) {
    super(ErrorCode.internal, `${plugin} is no plugin of this suite: what it would do is not known`);
    this.plugin = plugin;
  }
}

/** One call of one plugin. */
interface Request {
  readonly type: string;
  readonly config: string;
  readonly environment: Environment;
  readonly calledBy?: string;
  /** Takes what it and its delegates would do, in the order in which they would. */
  readonly planned: PlannedPlugin[];
}

async function planOne(request: Request): Promise<Result> {
  const { type, config, environment, calledBy, planned } = request;
  const plugin = pluginNamed(type);
  if (plugin === undefined) throw new UnknownPlugin(type);
  const notes = otherProgram(type, environment['CNI_PATH'] ?? '');
  const world = {
    environment,
    readStdin: async () => config,
    isOwnNetns,
    warn: (line: string) => void notes.push(line),
    delegator: (): Delegator => planningDelegator(request),
  };
  const found = await planPlugin(plugin, world);
  if (found === undefined) throw new UnknownPlugin(type);
  planned.push({ plugin: type, ...(calledBy === undefined ? {} : { calledBy }), steps: found.steps, notes });
  return asPassedOn(found.result, config);
}

/** A plugin that plans asks others for their plans; nothing else is ever asked of them. */
function planningDelegator({ type: calledBy, environment, planned }: Request): Delegator {
  return {
    add: ({ type, config, environment: changed }) =>
      planOne({ type, config, environment: { ...environment, ...changed }, calledBy, planned }),
    async run() {},
  };
}

/** What of a result the configuration's version has no words for is lost between two plugins. */
function asPassedOn(result: Result, config: string): Result {
  const { cniVersion } = JSON.parse(config) as { readonly cniVersion?: unknown };
  const version = versionOf(typeof cniVersion === 'string' ? cniVersion : '');
  return parsePrevResult(JSON.parse(JSON.stringify(toDocument(result, version, version))), version) ?? {};
}

function versionOf(text: string): SpecVersion {
  const version = text || '0.1.0';
  if (isSpecVersion(version)) return version;
  throw new CniError(ErrorCode.incompatibleVersion, `unsupported CNI result version "${text}"`);
}

/** A note when the plugin that a runtime would call is not of this build. */
function otherProgram(type: string, path: string): string[] {
  try {
    const file = findPlugin(type, path, (candidate) => {
      const status = statusOf(candidate);
      return status !== undefined && isRegularFile(status);
    });
    if (isSameBuild(file)) return [];
    return [`${file} is another program than this one; what follows is what the ${type} of this suite would do`];
  } catch {
    return [];
  }
}
