import { PLUGIN_NAMES } from '../../../plugins/names.ts';
import { mutate, type Schema, textOf, validDocument } from './documents.ts';
import { type Random, randomOf } from './random.ts';
import { hostileText } from './values.ts';

/** What a driver is told. */
export interface HostileRun {
  readonly seed: number;
  /** The first case, and the one after the last. */
  readonly first: number;
  readonly last: number;
  /** A pod's namespace. */
  readonly netns: string;
  /** Files of the suite as real calls left them, by their path. */
  readonly state: Readonly<Record<string, string>>;
  /** The JSON Schemas of the plugins, by their names. */
  readonly schemas: Readonly<Record<string, Schema>>;
  /** Where the number of the running case is written. */
  readonly progress: string;
  /** Where to write what was found. */
  readonly found: string;
}

/** One call. */
export interface Case {
  readonly index: number;
  readonly plugin: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly stdin: string;
  /** Files that somebody has tampered with. */
  readonly state: readonly { readonly path: string; readonly text: string }[];
  /** Folders that the configuration names. */
  readonly folders: readonly string[];
}

/** The case of a number; the same for the same seed and state. */
export function caseOf(
  run: Pick<HostileRun, 'seed' | 'netns' | 'state'>,
  schemas: ReadonlyMap<string, Schema>,
  index: number,
): Case {
  const random = randomOf(run.seed, index);
  const plugin = PLUGIN_NAMES[random.below(PLUGIN_NAMES.length)] ?? 'bridge';
  const document = validDocument(random, plugin, schemas.get(plugin) ?? {});
  // A part is as it should be, so that what follows the configuration is reached as well.
  if (random.chance(0.75)) mutate(random, document);
  const variables = variablesOf(random, run.netns);
  const stdin = textOf(random, document);
  return {
    index,
    plugin,
    variables,
    stdin,
    state: random.chance(0.3) ? tampered(random, run.state) : [],
    // Of a key that is there twice the text has the last.
    folders: [...foldersIn(document), ...foldersIn(decoded(stdin))],
  };
}

function decoded(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function variablesOf(random: Random, netns: string): Readonly<Record<string, string>> {
  const or = (good: string, share: number): string => {
    if (!random.chance(share)) return good;
    // What names a namespace of somebody else is not tried: this is run on machines that are in use.
    return hostileText(random).replaceAll('\0', '').replace('/proc', '');
  };
  const args = random.pick([
    '',
    '',
    'IgnoreUnknown=1;K8S_POD_NAMESPACE=a;K8S_POD_NAME=b',
    'IgnoreUnknown=true;MAC=02:00:5e:10:00:03;IP=10.1.0.9',
  ]);
  return {
    CNI_COMMAND: random.pick(['ADD', 'ADD', 'ADD', 'DEL', 'DEL', 'CHECK', 'GC', 'STATUS', or('VERSION', 0.3)]),
    CNI_CONTAINERID: or(`c${random.below(18)}`, 0.08),
    CNI_IFNAME: or(random.pick(['eth0', 'eth0', 'net1']), 0.08),
    CNI_NETNS: random.chance(0.35) ? netns : or(random.pick(['/run/netns/none', '']), 0.1),
    CNI_ARGS: random.chance(0.1) ? `IgnoreUnknown=1;K8S_POD_NAME=${or('x', 1)};MAC=${or('x', 1)}` : or(args, 0.05),
    CNI_PATH: or('/nowhere', 0.05),
    PATH: '/usr/sbin:/usr/bin',
    ...(random.chance(0.3) ? { CNI_TS_IP: 'exec' } : {}),
    ...(random.chance(0.4) ? { CNI_TS_NETFILTER: 'exec' } : {}),
  };
}

function tampered(random: Random, state: HostileRun['state']): { path: string; text: string }[] {
  const paths = Object.keys(state);
  return Array.from({ length: 1 + random.below(2) }, () => paths[random.below(paths.length)] ?? '').flatMap((path) =>
    path === '' ? [] : [{ path, text: damaged(random, state[path] ?? '') }],
  );
}

/** A text of which something was changed: as JSON where it is that, else as any text. */
function damaged(random: Random, text: string): string {
  if (random.chance(0.6)) {
    try {
      const document = JSON.parse(text) as Record<string, unknown>;
      mutate(random, document);
      return JSON.stringify(document);
    } catch {
      // It has another form.
    }
  }
  const at = random.below(text.length + 1);
  const kind = random.below(5);
  if (kind === 0) return text.slice(0, at);
  if (kind === 1) return hostileText(random);
  if (kind === 2) return `${text}${text}`;
  if (kind === 3) return text.replace(/\S+/, () => hostileText(random));
  return `${text.slice(0, at)}${hostileText(random)}${text.slice(at)}`;
}

/** Every path in a configuration: an administrator may keep files wherever they like. */
function foldersIn(value: unknown): readonly string[] {
  const found: string[] = [];
  const visit = (inner: unknown, key: string): void => {
    if (typeof inner === 'string' && /^(?:datadir|subnetfile)$/i.test(key)) found.push(inner.replace(/\/+$/, ''));
    if (typeof inner === 'object' && inner !== null) for (const [name, one] of Object.entries(inner)) visit(one, name);
  };
  visit(value, '');
  return found.filter((folder) => folder !== '');
}
