import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../../scripts/lib/project.ts';
import type { Outcome, Place } from './place.ts';

/** The folder of the built plugins. */
export const BUILT_PLUGINS = join(ROOT, 'dist/bin');

if (!existsSync(join(BUILT_PLUGINS, 'cni'))) throw new Error('dist/bin/cni is missing: run "npm run build" first');

/** What a runtime tells a plugin; a key that is left out is an absent variable, an empty text an empty one. */
export interface PluginCall {
  readonly verb: string;
  readonly containerId?: string;
  readonly netns?: string;
  readonly ifName?: string;
  /** CNI_ARGS as one text. */
  readonly args?: string;
  /** CNI_PATH; the built plugins by default. */
  readonly path?: string;
  /** What is on stdin: an object as JSON, a text as it is. */
  readonly conf?: object | string;
  /** Variables besides those of the protocol; PATH too can be replaced. */
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** The document of a failed call. */
export interface ErrorDocument {
  readonly cniVersion?: string;
  readonly code: number;
  readonly msg: string;
  readonly details?: string;
}

/** The parts of a result that tests look at, in the words of all spec versions. */
export interface ResultDocument {
  readonly cniVersion: string;
  readonly interfaces?: readonly { readonly name: string; readonly mac?: string; readonly sandbox?: string }[];
  readonly ips?: readonly {
    readonly version?: string;
    readonly interface?: number;
    readonly address: string;
    readonly gateway?: string;
  }[];
  readonly routes?: readonly { readonly dst: string; readonly gw?: string }[];
  readonly ip4?: { readonly ip: string; readonly gateway?: string };
  readonly ip6?: { readonly ip: string; readonly gateway?: string };
  readonly dns?: object;
}

/** How a plugin ended and what it said. */
export interface PluginOutcome extends Outcome {
  /** The document of a call that succeeded; `undefined` when nothing was printed. */
  readonly result: ResultDocument | undefined;
  /** The document of a call that failed; `undefined` when nothing was printed. */
  readonly error: ErrorDocument | undefined;
}

/**
 * Calls a plugin on a host as a runtime does. The plugin is one of the built ones, or a path to any other.
 *
 * @throws when stdout is neither empty nor one JSON document
 */
export async function callPlugin(host: Place, plugin: string, call: PluginCall): Promise<PluginOutcome> {
  const file = plugin.includes('/') ? plugin : join(BUILT_PLUGINS, plugin);
  const stdin = typeof call.conf === 'string' ? call.conf : JSON.stringify(call.conf ?? {});
  const env = pluginEnvironment(call);
  const outcome = await host.run([file], { env, stdin, timeoutMs: call.timeoutMs ?? 30_000 });
  const document = outcome.stdout === '' ? undefined : parse(`${plugin} ${call.verb}`, outcome);
  const succeeded = outcome.exitCode === 0;
  return {
    ...outcome,
    result: succeeded ? (document as ResultDocument | undefined) : undefined,
    error: succeeded ? undefined : (document as ErrorDocument | undefined),
  };
}

/** The environment of a call. */
export function pluginEnvironment(call: PluginCall): Readonly<Record<string, string>> {
  const variables = {
    CNI_COMMAND: call.verb,
    CNI_CONTAINERID: call.containerId,
    CNI_NETNS: call.netns,
    CNI_IFNAME: call.ifName,
    CNI_ARGS: call.args,
    CNI_PATH: call.path ?? BUILT_PLUGINS,
  };
  const present = Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return { ...Object.fromEntries(present), ...call.env };
}

function parse(what: string, { stdout, stderr, exitCode }: Outcome): unknown {
  try {
    return JSON.parse(stdout);
  } catch {
    throw new Error(`${what} ended with ${exitCode} and printed what is not one document: ${stdout}\n${stderr}`);
  }
}
