import type { $ZodType, $ZodTypes } from 'zod/v4/core';
import type { ObjectShape, Shape } from './shape.ts';

/** The shape of a schema; `undefined` when it asks for more than types, and has to read every configuration itself. */
export function shapeOf(schema: $ZodType): ObjectShape | undefined {
  const shape = shapeIn(schema);
  return typeof shape === 'object' && 'keys' in shape ? shape : undefined;
}

function shapeIn(schema: $ZodType): Shape | undefined {
  const { def } = (schema as $ZodTypes)._zod;
  // Any other wrapper changes the value: a default, a pipe.
  if (def.type === 'optional') return shapeIn(def.innerType);
  // A check on a value is more than its type, except the one that makes a number a whole one.
  if (def.checks !== undefined && def.checks.length > 0) return undefined;
  switch (def.type) {
    case 'string':
      return 'text';
    case 'boolean':
      return 'flag';
    case 'number':
      return 'format' in def && def.format === 'safeint' ? 'whole' : undefined;
    case 'array': {
      const list = shapeIn(def.element);
      return list && { list };
    }
    case 'record': {
      const each = shapeIn(def.valueType);
      return each && { each };
    }
    case 'object':
      return objectShape(def.shape, def.catchall !== undefined);
    default:
      return undefined;
  }
}

function objectShape(shape: Readonly<Record<string, $ZodType>>, loose: boolean): ObjectShape | undefined {
  const keys: Record<string, Shape> = {};
  const required: string[] = [];
  for (const [key, schema] of Object.entries(shape)) {
    const inner = shapeIn(schema);
    if (inner === undefined) return undefined;
    keys[key] = inner;
    if (schema._zod.optin !== 'optional') required.push(key);
  }
  return { keys, ...(required.length > 0 ? { required } : {}), ...(loose ? { loose } : {}) };
}
