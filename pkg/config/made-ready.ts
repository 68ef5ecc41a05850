import type { $ZodType, $ZodTypeDef } from 'zod/v4/core';

/** Has zod make, in this schema and in all that it is made of, what it otherwise makes when they are first used. */
export function makeReady(schema: $ZodType): void {
  schema._zod.run({ value: {}, issues: [] }, {});
  const def: $ZodTypeDef = schema._zod.def;
  for (const part of Object.values(def).flatMap((value: unknown) => (isShape(value) ? Object.values(value) : value))) {
    if (isSchema(part)) makeReady(part);
  }
}

function isSchema(value: unknown): value is $ZodType {
  return typeof value === 'object' && value !== null && '_zod' in value;
}

function isShape(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.values(value).every(isSchema);
}
