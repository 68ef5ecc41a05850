import { isObject } from '../../pkg/json/decode.ts';

type Schema = Readonly<Record<string, unknown>>;

const KINDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: isObject,
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  integer: Number.isInteger,
};

/** Words that say nothing about validity. */
const ANNOTATIONS = ['$schema', 'title', 'description', 'examples', 'definitions', 'if', 'then'];

/** What of a document does not fit a JSON Schema, by the words of draft 7 that ours use; any other word throws. */
export function misfits(schema: Schema, value: unknown, root: Schema = schema, path = '$'): readonly string[] {
  return Object.entries(schema).flatMap(([word, wanted]) => {
    const inner = (one: unknown, element = value, at = path) => misfits(one as Schema, element, root, at);
    switch (word) {
      case '$ref':
        return inner(definition(root, String(wanted)));
      case 'type':
        return KINDS[String(wanted)]?.(value) === true ? [] : [`${path}: not ${wanted}`];
      case 'enum':
        return (wanted as unknown[]).includes(value) ? [] : [`${path}: none of ${wanted}`];
      case 'const':
        return value === wanted ? [] : [`${path}: not ${wanted}`];
      case 'pattern':
        return typeof value !== 'string' || new RegExp(String(wanted)).test(value) ? [] : [`${path}: not ${wanted}`];
      case 'minItems':
        return !Array.isArray(value) || value.length >= Number(wanted) ? [] : [`${path}: too few`];
      case 'required':
        return isObject(value)
          ? (wanted as string[]).filter((key) => !Object.hasOwn(value, key)).map((key) => `${path}: no ${key}`)
          : [];
      case 'properties':
        return isObject(value)
          ? Object.entries(value).flatMap(([key, element]) => {
              const own = (wanted as Schema)[key];
              return own === undefined ? [] : inner(own, element, `${path}.${key}`);
            })
          : [];
      case 'additionalProperties':
        return isObject(value)
          ? Object.entries(value).flatMap(([key, one]) => inner(wanted, one, `${path}.${key}`))
          : [];
      case 'items':
        return Array.isArray(value) ? value.flatMap((one, index) => inner(wanted, one, `${path}[${index}]`)) : [];
      case 'propertyNames':
        return isObject(value) ? Object.keys(value).flatMap((key) => inner(wanted, key, `${path}.${key}`)) : [];
      case 'allOf':
        return (wanted as unknown[]).flatMap((one) => conditional(one as Schema, inner));
      case 'not':
        return inner(wanted).length > 0 ? [] : [`${path}: fits what it must not`];
      default:
        if (!ANNOTATIONS.includes(word)) throw new Error(`no evaluation of the word ${word}`);
        return [];
    }
  });
}

function conditional(schema: Schema, inner: (one: unknown) => readonly string[]): readonly string[] {
  if (schema['if'] === undefined) return inner(schema);
  return inner(schema['if']).length === 0 ? inner(schema['then']) : [];
}

function definition(root: Schema, reference: string): unknown {
  const name = reference.replace('#/definitions/', '');
  const found = (root['definitions'] as Schema | undefined)?.[name];
  if (found === undefined) throw new Error(`${reference} leads nowhere`);
  return found;
}
