import { toJSONSchema } from 'zod/mini';
import type { $ZodType } from 'zod/v4/core';
import { describedAs } from '../../pkg/config/schema.ts';
import type { JsonObject } from '../../pkg/skel/plugin.ts';
import { PLUGIN_NAMES } from '../../plugins/names.ts';
import { pluginNamed } from '../../plugins/table.ts';

/** The plugins that stand under `ipam` and not in a list. */
export const IPAM_PLUGINS: readonly string[] = PLUGIN_NAMES.filter((name) => pluginNamed(name)?.readsForeignConfig);

/** Keys that any plugin's configuration may have. */
const COMMON: JsonObject = {
  type: { type: 'string', description: 'the plugin: the name of its file in /opt/cni/bin' },
  capabilities: {
    type: 'object',
    additionalProperties: { type: 'boolean' },
    description: 'what the runtime may pass to the plugin, such as portMappings',
  },
  args: { type: 'object', description: 'further arguments, as the plugin knows them' },
};

/**
 * What may stand where a plugin is named: a whole configuration, or for a plugin that gives addresses the `ipam`
 * section. `undefined` for a plugin that the suite does not have.
 */
export async function pluginSchema(name: string): Promise<JsonObject | undefined> {
  const plugin = pluginNamed(name);
  if (plugin === undefined) return undefined;
  const own = plugin.config === undefined ? {} : propertiesOf(plugin.config);
  if (plugin.readsForeignConfig === true) {
    return { ...(own['ipam'] as JsonObject), description: plugin.about };
  }
  return { description: plugin.about, type: 'object', properties: { ...COMMON, ...own } };
}

function propertiesOf(schema: $ZodType): JsonObject {
  const { properties = {} } = toJSONSchema(schema, {
    target: 'draft-7',
    // What a configuration may be, not what is made of it: other keys are no mistake.
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const documented = describedAs(zodSchema);
      if (documented !== undefined) jsonSchema.description = sentence(documented.text, documented.fallback);
      // Any whole number: the limits are those of the language that reads it.
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  // What the runtime adds to a call has no place in a file.
  const { runtimeConfig: _, ...inFiles } = properties;
  return inFiles;
}

function sentence(text: string, fallback: string | undefined): string {
  return fallback === undefined ? text : `${text} (without it: ${fallback})`;
}
