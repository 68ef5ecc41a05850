import type { Place } from './place.ts';

/** What changes by itself in a line of the list of flows. */
const PASSING = /^(\S+ +\d+) \d+| (?:use|mark|secctx)=\S+|(?<=\d) (?:CLOSE|LISTEN|[A-Z]+_[A-Z]+|NONE|ESTABLISHED) /g;

/** All flows of a place in both families, in the words of `conntrack -L`, sorted, without what changes by itself. */
export async function flowsIn(place: Place): Promise<readonly string[]> {
  const lists = await Promise.all(['ipv4', 'ipv6'].map((family) => place.run(['conntrack', '-L', '-f', family])));
  return lists
    .flatMap(({ stdout }) => stdout.split('\n'))
    .filter((line) => line !== '')
    .map((line) =>
      line
        .replace(PASSING, '$1 ')
        .replace(/\[\w+\]/g, '')
        .replace(/ +/g, ' ')
        .trim(),
    )
    .sort();
}
