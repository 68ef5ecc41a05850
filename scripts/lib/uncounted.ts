/** What is replaced in a file of the engine, and how often it is there. */
type Replacement = readonly [count: number, pattern: RegExp, replacement: string];

/**
 * The engine counts who refers to a thing, in the thing. What is in the picture of memory is not counted, see
 * runtime/host/uncounted.h.
 */
const REPLACEMENTS: Readonly<Record<string, readonly Replacement[]>> = {
  'quickjs.h': [
    [1, /^#include <stdio\.h>$/gm, '$&\n#include "uncounted.h"'],
    [2, /\bp->ref_count\+\+/g, 'count_more(&p->ref_count)'],
    [2, /--p->ref_count\b/g, 'count_fewer(&p->ref_count)'],
  ],
  'quickjs.c': [
    [1, /^#include "quickjs\.h"$/gm, '$&\nsize_t uncounted_bytes;'],
    [16, /\b([\w.>-]+->header\.ref_count)\+\+/g, 'count_more(&$1)'],
    [6, /--(\w+->header\.ref_count)\b/g, 'count_fewer(&$1)'],
    [1, /\b(\w+->header\.ref_count)--;/g, 'count_fewer(&$1);'],
    [4, /\b(\w+->header\.ref_count) != 1\b/g, 'is_shared(&$1)'],
    // While it looks for cycles the engine counts as well.
    [
      3,
      /^static void gc_(decref|scan_incref)_child2?\(JSRuntime \*rt, JSGCObjectHeader \*p\)\n\{$/gm,
      '$&\n    if (is_uncounted(p)) return;',
    ],
  ],
};

/** Files of the engine that this changes. */
export const UNCOUNTED_FILES = Object.keys(REPLACEMENTS);

/** A file of the engine, with nothing in the picture counted. */
export function uncounted(name: string, text: string): string {
  return (REPLACEMENTS[name] ?? []).reduce((changed, [count, pattern, replacement]) => {
    const found = changed.match(pattern)?.length ?? 0;
    if (found !== count) throw new Error(`${name} of the engine has ${String(pattern)} ${found} times, not ${count}`);
    return changed.replace(pattern, replacement);
  }, text);
}
