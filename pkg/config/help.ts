import type { $ZodType } from 'zod/v4/core';
import { unwrapped } from './fold-keys.ts';
import { type ConfigSchema, describedAs } from './schema.ts';

/** One configuration key as people are told of it. */
export interface KeyHelp {
  /** Path of the key: `ipam.ranges[][].subnet`. */
  readonly key: string;
  readonly type: string;
  readonly text: string;
  readonly fallback: string | undefined;
}

/** Every key of a schema, nested ones after the key that holds them. */
export function keysOf<Conf>(schema: ConfigSchema<Conf>): readonly KeyHelp[] {
  return collect(schema, '');
}

function collect(schema: $ZodType, prefix: string): readonly KeyHelp[] {
  const def = unwrapped(schema);
  if (def.type === 'array') return collect(def.element, `${prefix}[]`);
  if (def.type !== 'object') return [];
  return Object.entries(def.shape).flatMap(([name, keySchema]) => {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    const documented = describedAs(keySchema);
    const own = { key, type: typeName(keySchema), text: documented?.text ?? '', fallback: documented?.fallback };
    return [own, ...collect(keySchema, key)];
  });
}

function typeName(schema: $ZodType): string {
  const def = unwrapped(schema);
  switch (def.type) {
    case 'array':
      return `list of ${typeName(def.element)}`;
    case 'union':
      return def.options.map(typeName).join(' or ');
    case 'enum':
      return Object.values(def.entries)
        .map((value) => JSON.stringify(value))
        .join(' | ');
    case 'number':
      return 'check' in def ? 'whole number' : 'number';
    case 'string':
      return 'text';
    case 'boolean':
      return 'true | false';
    case 'record':
    case 'object':
      return 'object';
    default:
      return def.type;
  }
}
