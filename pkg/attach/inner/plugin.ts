import type { ConfigSchema } from '../../config/schema.ts';
import type { Plugin } from '../../skel/plugin.ts';
import { SPEC_VERSIONS } from '../../types/version.ts';
import type { InnerKind } from './kind.ts';

/** What a plugin whose one link is in the container says of itself. */
interface InnerPlugin<Conf> extends Pick<Plugin<Conf>, 'name' | 'about' | 'configFailure'> {
  config(): Promise<ConfigSchema<Conf>>;
  kind(): Promise<InnerKind<Conf>>;
}

/** The part of such a configuration that GC reads. */
interface WithIpam {
  readonly ipam?: { readonly type?: string | undefined } | undefined;
}

/** A plugin whose one link is in the container, with all verbs; they are loaded when one is called. */
export function innerPlugin<Conf extends WithIpam>({ kind, ...plugin }: InnerPlugin<Conf>): Plugin<Conf> {
  const { name } = plugin;
  return {
    ...plugin,
    versions: SPEC_VERSIONS,
    add: async (call) => (await import('./add.ts')).addInner(call, await kind()),
    check: async (call) => (await import('./check.ts')).checkInner(call, await kind()),
    del: async (call) => (await import('./del.ts')).delInner(call, name),
    gc: async (call) => (await import('./gc.ts')).gcInner(call, name),
    status: async (call) => (await import('./status.ts')).statusInner(call, await kind()),
    plan: async (call) => (await import('./plan.ts')).planInner(call, await kind()),
  };
}
