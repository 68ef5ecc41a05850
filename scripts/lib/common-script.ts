import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import type { Metafile, Plugin } from 'esbuild';

/** The files that become one script, and the parts of the program that load it as a whole. */
export interface CommonScript {
  readonly files: readonly string[];
  readonly loadedBy: ReadonlySet<string>;
}

/** What says which verbs a plugin has and loads them. */
const PLUGIN = /^plugins\/[^/]+\/plugin\.ts$/;
/** What share of all verbs has to need a file: with a half, or with an eighth, calls were as fast within the noise. */
const SHARE = 0.3;
const COMMON = 'common:';

/**
 * Chooses what is common to the verbs of plugins, from what a first build found. Left alone, the bundler makes a script
 * of each set of files that the same parts need: a verb would load thirty, and each costs some 30 µs.
 */
export function chooseCommonScript(entry: string, { inputs }: Pick<Metafile, 'inputs'>): CommonScript {
  const importsOf = (file: string, kind: string): readonly string[] =>
    (inputs[file]?.imports ?? [])
      .filter((found) => found.kind === kind && found.path in inputs)
      .map(({ path }) => path);
  const addNeeds = (file: string, needs: Set<string>): ReadonlySet<string> => {
    if (needs.has(file)) return needs;
    needs.add(file);
    for (const needed of importsOf(file, 'import-statement')) addNeeds(needed, needs);
    return needs;
  };
  const always = addNeeds(entry, new Set());
  const parts = new Map<string, ReadonlySet<string>>();
  const verbs = new Set<ReadonlySet<string>>();
  for (const file of Object.keys(inputs)) {
    for (const part of importsOf(file, 'dynamic-import')) {
      const needs = parts.get(part) ?? addNeeds(part, new Set());
      parts.set(part, needs);
      if (PLUGIN.test(file)) verbs.add(needs);
    }
  }
  // A part stays a script of its own, even when another one needs it as well.
  const files = Object.keys(inputs).filter(
    (file) =>
      !always.has(file) &&
      !parts.has(file) &&
      [...verbs].filter((needs) => needs.has(file)).length >= SHARE * verbs.size,
  );
  const loadedBy = [...parts].filter(([, needs]) => files.some((file) => needs.has(file))).map(([part]) => part);
  return { files, loadedBy: new Set(loadedBy) };
}

/** Has those that need a part of the common script load all of it, so that the bundler leaves it in one piece. */
export function joinCommonScript({ files, loadedBy }: CommonScript, root: string): Plugin {
  return {
    name: 'common-script',
    setup(build) {
      build.onResolve({ filter: new RegExp(`^${COMMON}$`) }, () => ({ path: COMMON, namespace: COMMON }));
      build.onLoad({ filter: /^/, namespace: COMMON }, () => ({
        contents: files.map((file) => `import ${JSON.stringify(`./${file}`)};`).join('\n'),
        resolveDir: root,
      }));
      build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        if (!loadedBy.has(relative(root, path))) return undefined;
        return { contents: `import '${COMMON}';\n${await readFile(path, 'utf8')}`, loader: 'ts' };
      });
    },
  };
}
