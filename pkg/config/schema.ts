import type { ZodMiniType } from 'zod/mini';

/** A zod schema (built with `zod/mini`) of a plugin's own configuration keys. */
export type ConfigSchema<Conf> = ZodMiniType<Conf>;

/** What people are told about one configuration key. */
export interface KeyDocumentation {
  /** What the key does, one line. */
  readonly text: string;
  /** What holds without the key, in words or as a value. */
  readonly fallback?: string;
}

const documentation = new WeakMap<object, KeyDocumentation>();

/**
 * Attaches to a key's schema what `--help` and the generated pages say of it.
 *
 * @example
 * const schema = z.object({ mtu: describe(z.optional(z.int()), { text: 'MTU of both veth ends', fallback: '0, the kernel’s' }) });
 */
export function describe<Schema extends object>(schema: Schema, key: KeyDocumentation): Schema {
  documentation.set(schema, key);
  return schema;
}

/** What {@link describe} attached to a schema. */
export function describedAs(schema: object): KeyDocumentation | undefined {
  return documentation.get(schema);
}
