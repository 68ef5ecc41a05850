/**
 * A value as compact JSON the way the reference stores it: keys of an object sorted, those of a `Map` in their order, and
 * what HTML and JavaScript would read as markup or as a line end escaped.
 *
 * @example
 * compactJson({ b: 1, a: new Map([['z', 1], ['y', 2]]) }); // {"a":{"z":1,"y":2},"b":1}
 */
export function compactJson(value: unknown): string {
  const text = write(value);
  for (const special of ['<', '>', '&', '\u2028', '\u2029']) if (text.includes(special)) return escaped(text);
  return text;
}

function write(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) {
    let list = '';
    for (const element of value) list += `${list === '' ? '' : ','}${write(element)}`;
    return `[${list}]`;
  }
  const isMap = value instanceof Map;
  const keys: string[] = isMap ? [...value.keys()] : Object.keys(value).sort();
  let members = '';
  for (const key of keys) {
    const member: unknown = isMap ? value.get(key) : (value as Readonly<Record<string, unknown>>)[key];
    members += `${members === '' ? '' : ','}${JSON.stringify(key)}:${write(member)}`;
  }
  return `{${members}}`;
}

function escaped(text: string): string {
  return text.replace(/[<>&\u2028\u2029]/g, (special) => {
    return `\\u${special.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
