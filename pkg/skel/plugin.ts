import type { ConfigSchema } from '../config/schema.ts';
import type { PlannedStep } from '../plan/steps.ts';
import type { AttachmentRecord } from '../record/record.ts';
import type { RecordStore } from '../record/store.ts';
import type { Attachment } from '../types/attachment.ts';
import type { Result } from '../types/result.ts';
import type { SpecVersion } from '../types/version.ts';
import type { Delegator } from './delegator.ts';

/** The verbs of the protocol that reach a plugin; VERSION is answered by the skeleton. */
export type Verb = 'ADD' | 'DEL' | 'CHECK' | 'GC' | 'STATUS';

/** Environment of one call, as the runtime set it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A JSON object as it came from outside. */
export type JsonObject = { [key: string]: unknown };

/** What every verb is given: the validated configuration and the world around it. */
export interface Call<Conf> {
  readonly verb: Verb;
  /** Network name, from the configuration. */
  readonly network: string;
  /** Specification version of the configuration; results are printed in it. */
  readonly cniVersion: SpecVersion;
  /** The configuration, keys folded to their spelling in the schema, validated by it. */
  readonly conf: Conf;
  /** The configuration text as it was received: what an IPAM plugin is given. */
  readonly configText: string;
  /** The same, decoded: what a delegate's configuration is built from. */
  readonly rawConf: JsonObject;
  /** Value of CNI_ARGS, '' when absent; see `parseCniArgs`. */
  readonly args: string;
  readonly environment: Environment;
  /** What is noted of this machine's attachments. */
  readonly records: RecordStore;
  /** Calls other plugins. */
  readonly delegate: Delegator;
  /** One line for people on stderr. */
  warn(line: string): void;
}

/** A call about one attachment: ADD, DEL, CHECK. */
export interface AttachmentCall<Conf> extends Call<Conf>, Attachment {
  /** CNI_NETNS as given, '' when absent. */
  readonly netns: string;
  /** The previous plugin's result; reading it decodes it and throws a `CniError` when it is malformed. */
  readonly prevResult: Result | undefined;
}

/** An attachment that the runtime still knows, from `cni.dev/valid-attachments`. */
export interface ValidAttachment {
  readonly containerID: string;
  readonly ifname: string;
}

/** A GC call; everything of this network that is not valid any more may go. */
export interface GcCall<Conf> extends Call<Conf> {
  /** `undefined` when the runtime named no list at all: then nothing is known, and nothing is removed. */
  readonly validAttachments: readonly ValidAttachment[] | undefined;
}

/** What a plugin that makes rules again has to go by. */
export type RestoreContext = Pick<Call<unknown>, 'environment' | 'records' | 'warn'>;

/** What an ADD would do and give. */
export interface PlannedAdd {
  readonly result: Result;
  readonly steps: readonly PlannedStep[];
}

/** One plugin: what it is called, what it takes, and a function for each verb. */
export interface Plugin<Conf> {
  readonly name: string;
  /** What the plugin does, one line for `--help`. */
  readonly about: string;
  /** Specification versions of the configurations that it takes. */
  readonly versions: readonly SpecVersion[];
  /** Whether it is called with another plugin's configuration, of which it reads a part: all IPAM plugins are. */
  readonly readsForeignConfig?: true;
  /** Whether DEL has nothing to do, so that no configuration, however broken, may make it fail. */
  readonly ignoresConfigOnDel?: true;
  /** How an error about the configuration begins: `failed to load netconf`. */
  readonly configFailure: string;
  /** The plugin’s own configuration keys; absent when it has none. */
  readonly config?: ConfigSchema<Conf>;
  add(call: AttachmentCall<Conf>): Promise<Result>;
  check(call: AttachmentCall<Conf>): Promise<void>;
  del(call: AttachmentCall<Conf>): Promise<void>;
  gc(call: GcCall<Conf>): Promise<void>;
  status(call: Call<Conf>): Promise<void>;
  /**
   * Makes the filter rules of one attachment again, from its record, after something has flushed them; rules that are
   * still there stay as they are. Absent when a plugin has none. Gives whether there was anything to make.
   */
  restoreRules?(record: AttachmentRecord, context: RestoreContext): Promise<boolean>;
  /** What runs for long when the plugin is called by hand with `daemon` and these arguments; gives the exit status. */
  daemon?(argv: readonly string[]): Promise<number>;
  /** What ADD would do now, found out without touching anything. Absent when a plugin cannot tell. */
  plan?(call: AttachmentCall<Conf>): Promise<PlannedAdd>;
}

/** A plugin whose configuration type does not matter to the holder. */
// biome-ignore lint/suspicious/noExplicitAny: a plugin consumes its Conf, so only `any` lets a table hold all of them
export type AnyPlugin = Plugin<any>;
