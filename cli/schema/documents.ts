import type { JsonObject } from '../../pkg/skel/plugin.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';
import { PLUGIN_NAMES } from '../../plugins/names.ts';
import { pluginNamed } from '../../plugins/table.ts';
import { IPAM_PLUGINS, pluginSchema } from './plugin-schema.ts';

/** The dialect that editors know best. */
const DIALECT = 'http://json-schema.org/draft-07/schema#';

const VERSION = { enum: [...SPEC_VERSIONS] };

/** What stands above the list's plugins, or in the only one of a file without a list. */
const NETWORK_KEYS: JsonObject = {
  $schema: { type: 'string', description: 'where an editor finds this schema; runtimes ignore it' },
  cniVersion: { ...VERSION, description: 'version of the CNI specification that this is written in' },
  name: {
    type: 'string',
    pattern: '^[a-zA-Z0-9][a-zA-Z0-9_.-]*$',
    description: 'name of the network; leases and records are kept under it',
  },
};

const LIST_KEYS: JsonObject = {
  cniVersions: { type: 'array', items: VERSION, description: 'newer versions that the runtime may choose from' },
  disableCheck: { type: 'boolean', description: 'whether the runtime never calls CHECK' },
  disableGC: { type: 'boolean', description: 'whether the runtime never calls GC' },
  loadOnlyInlinedPlugins: {
    type: 'boolean',
    description: 'whether plugins in a folder named after the network are left out',
  },
};

const MAIN_PLUGINS = PLUGIN_NAMES.filter((name) => !IPAM_PLUGINS.includes(name));

/** The JSON Schema of whole lists; plugins of others may have any keys. */
export async function conflistSchema(): Promise<JsonObject> {
  return {
    $schema: DIALECT,
    title: 'CNI network configuration list',
    type: 'object',
    required: ['cniVersion', 'name', 'plugins'],
    properties: {
      ...NETWORK_KEYS,
      ...LIST_KEYS,
      plugins: {
        type: 'array',
        minItems: 1,
        description: 'what is called for each container, in this order; backwards when it goes',
        items: { type: 'object', required: ['type'], ...chosenByType(MAIN_PLUGINS) },
      },
    },
    definitions: await definitions(PLUGIN_NAMES),
  };
}

/** The JSON Schema of one plugin's configuration; `undefined` for a plugin that the suite does not have. */
export async function confSchema(name: string): Promise<JsonObject | undefined> {
  if (pluginNamed(name) === undefined) return undefined;
  const { [name]: own, ...others } = await definitions(PLUGIN_NAMES);
  const schema = own as JsonObject;
  const document = {
    $schema: DIALECT,
    title: `configuration of the CNI plugin ${name}`,
    required: ['type'],
    ...schema,
  };
  if (IPAM_PLUGINS.includes(name)) return document;
  const properties = { ...NETWORK_KEYS, ...(schema['properties'] as JsonObject) };
  const passesOn = 'ipam' in properties;
  const used = Object.entries(others).filter(([other]) => IPAM_PLUGINS.includes(other) || name === 'flannel');
  return { ...document, properties, ...(passesOn ? { definitions: Object.fromEntries(used) } : {}) };
}

async function definitions(names: readonly string[]): Promise<JsonObject> {
  const found: JsonObject = {};
  for (const name of names) {
    const schema = await pluginSchema(name);
    if (schema !== undefined) found[name] = IPAM_PLUGINS.includes(name) ? schema : passingOn(schema, name);
  }
  return found;
}

/** What a plugin passes on has the keys of whoever is named in it, or of whom it calls without a name. */
function passingOn(schema: JsonObject, name: string): JsonObject {
  const { ipam, delegate, ...own } = schema['properties'] as Readonly<Record<string, JsonObject | undefined>>;
  if (ipam === undefined) return schema;
  const isFlannel = name === 'flannel';
  const properties = {
    ...own,
    ipam: { ...ipam, ...chosenByType(IPAM_PLUGINS, isFlannel ? 'host-local' : undefined) },
    ...(delegate === undefined ? {} : { delegate: { ...delegate, ...chosenByType(['bridge'], 'bridge') } }),
  };
  return { ...schema, properties };
}

/** The keys of a plugin where its name is. */
function chosenByType(names: readonly string[], fallback?: string): JsonObject {
  const isNamed = { required: ['type'] };
  const choices = names.map((name) => when({ ...isNamed, properties: { type: { const: name } } }, name));
  const otherwise = fallback === undefined ? [] : [when({ not: isNamed }, fallback)];
  return { properties: { type: { type: 'string', examples: [...names] } }, allOf: [...choices, ...otherwise] };
}

function when(condition: JsonObject, name: string): JsonObject {
  // biome-ignore lint/suspicious/noThenProperty: it is a word of JSON Schema, and nobody awaits this
  return { if: condition, then: { $ref: `#/definitions/${name}` } };
}
