/** `path.resolve`. */
export function resolve(...parts: readonly string[]): string {
  let whole = '';
  for (const part of [process.cwd(), ...parts]) {
    if (part !== '') whole = part.startsWith('/') ? part : `${whole}/${part}`;
  }
  const names: string[] = [];
  for (const name of whole.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(name);
  }
  return `/${names.join('/')}`;
}
