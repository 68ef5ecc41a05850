import { findSection } from './elf.ts';

/** What {@link seal} did. */
export interface SealReport {
  /** How many names were switched off. */
  readonly changed: number;
}

/** Where the runtime's string constants lie; its symbol tables and scripts are in other sections and stay whole. */
const STRING_SECTION = '.rodata';

/** Names of the runtime's own that act in a compiled executable: they have to be found, or sealing has no effect. */
const REQUIRED = ['BUN_OPTIONS', 'BUN_BE_BUN', 'BUN_BYTECODE_ORDER_OUT', 'BUN_INSPECT', 'NODE_EXTRA_CA_CERTS'];

// Names run into one another without a separator ("…FRAMESNODE_PRESERVE…"), so only their beginnings are matched.
// Not BUN_JSC_: it is put together elsewhere. Not BUN_FFI_: those are C macros that bun:ffi compiles.
// Not process.env.BUN_…: those are identifiers, some of which the runtime parses at every start.
const BUN_PREFIX = /(?<!process\.env\.)BUN_(?!JSC_|FFI_)(?=[A-Z])/g;

// Only the environment variables: most NODE_ names are constants of node-api and performance hooks.
const NODE_PREFIX = new RegExp(
  '(?<!process\\.env\\.)NODE_(?=CHANNEL_|CLUSTER_SCHED_POLICY|COMPILE_CACHE|DEBUG|DISABLE_|EXTRA_CA_CERTS|ICU_DATA|NO_READLINE|NO_WARNINGS' +
    '|OPTIONS|PATH|PENDING_DEPRECATION|PRESERVE_SYMLINKS|REDIRECT_WARNINGS|REPL_|TEST_|TLS_REJECT_UNAUTHORIZED' +
    '|UNIQUE_ID|USE_|V8_COVERAGE)',
  'g',
);

/**
 * Switches off the environment variables of the JavaScript runtime, in place.
 *
 * A plugin runs as root with an environment that it does not control, and BUN_OPTIONS=--preload runs any
 * script. Each name loses its first underscore to an equals sign, which no environment variable's name can contain.
 *
 * @throws when the file is not a runtime for Linux or a name that has to be switched off is not in it
 * @example
 * const runtime = readFileSync('bun');
 * seal(runtime);
 */
export function seal(runtime: Buffer): SealReport {
  const section = findSection(runtime, STRING_SECTION);
  const text = section.toString('latin1');
  for (const name of REQUIRED) {
    if (!text.includes(name)) throw new Error(`${name} is not in the runtime: has it changed how it reads options?`);
  }
  let changed = 0;
  for (const [prefix, underscore] of [
    [BUN_PREFIX, 3],
    [NODE_PREFIX, 4],
  ] as const) {
    for (const { index } of text.matchAll(prefix)) {
      section[index + underscore] = '='.charCodeAt(0);
      changed++;
    }
  }
  return { changed };
}
