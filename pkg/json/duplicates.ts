/**
 * The first key that stands twice in an object which is the value of a key at a document's top; `undefined` when there
 * is none. The text has to be valid JSON: decoding it does not tell, because there the last one wins.
 */
export function duplicateKeyUnder(text: string, member: string): string | undefined {
  const keys = new Set<string>();
  // Which keys lead to where the reader is; '' for a list.
  const path: string[] = [];
  let key = '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') {
      const end = endOfString(text, at);
      if (isKey(text, end)) {
        key = JSON.parse(text.slice(at, end)) as string;
        if (path.length === 2 && path[1] === member) {
          if (keys.has(key)) return key;
          keys.add(key);
        }
      }
      at = end - 1;
    } else if (character === '{' || character === '[') {
      path.push(path.length === 0 ? '' : key);
      if (path.length === 2) keys.clear();
      if (character === '[') key = '';
    } else if (character === '}' || character === ']') path.pop();
  }
  return undefined;
}

/** Just behind the closing quote. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function isKey(text: string, end: number): boolean {
  let at = end;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\t' || text[at] === '\r') at++;
  return text[at] === ':';
}
