import * as z from 'zod/mini';
import type { AnyPlugin, AttachmentCall, Call, GcCall } from '../../pkg/skel/plugin.ts';
import type { Result } from '../../pkg/types/result.ts';
import { SPEC_VERSIONS } from '../../pkg/types/version.ts';

/** A plugin that writes down its calls and gives a prepared result. */
export function fakePlugin(
  result: Result | ((call: AttachmentCall<unknown>) => Result),
  more: Partial<AnyPlugin> = {},
) {
  const calls: (Call<unknown> | AttachmentCall<unknown> | GcCall<unknown>)[] = [];
  const plugin: AnyPlugin = {
    name: 'fake',
    about: 'does nothing and remembers it',
    versions: SPEC_VERSIONS,
    configFailure: 'failed to load netconf',
    async add(call) {
      calls.push(call);
      return typeof result === 'function' ? result(call) : result;
    },
    check: async (call) => void calls.push(call),
    del: async (call) => void calls.push(call),
    gc: async (call) => void calls.push(call),
    status: async (call) => void calls.push(call),
    ...more,
  };
  return { plugin, calls };
}

/** Keys of every kind that plugins have. */
export const FAKE_SCHEMA = z.object({
  isGateway: z.optional(z.boolean()),
  mtu: z.optional(z.int()),
  mode: z.optional(z.enum(['l2', 'l3'])),
  vlan: z.optional(z.int().check(z.gte(0), z.lte(4094))),
  ipMasq: z.optional(z.union([z.boolean(), z.object({ v4: z.optional(z.boolean()) })])),
  ipam: z.optional(
    z.object({
      type: z.optional(z.string()),
      ranges: z.optional(z.array(z.array(z.object({ subnet: z.string(), rangeStart: z.optional(z.string()) })))),
    }),
  ),
  sysctl: z.optional(z.record(z.string(), z.string())),
  runtimeConfig: z.optional(
    z.object({ portMappings: z.optional(z.array(z.object({ hostPort: z.int(), containerPort: z.int() }))) }),
  ),
});

/** A plugin with {@link FAKE_SCHEMA}. */
export function fakePluginWithKeys() {
  return fakePlugin({}, { config: FAKE_SCHEMA });
}
