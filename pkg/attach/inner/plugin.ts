import type { ConfigSchema } from '../../config/schema.ts';
import type { Plugin } from '../../skel/plugin.ts';
import { SPEC_VERSIONS } from '../../types/version.ts';
import { addInner, planInner } from './add.ts';
import { checkInner } from './check.ts';
import { delInner, gcInner } from './del.ts';
import type { InnerKind } from './kind.ts';
import { statusInner } from './status.ts';

/** What a plugin whose one link is in the container says of itself. */
interface InnerPlugin<Conf> extends Pick<Plugin<Conf>, 'name' | 'about' | 'configFailure'> {
  readonly config: ConfigSchema<Conf>;
  readonly kind: InnerKind<Conf>;
}

/** The part of such a configuration that GC reads. */
interface WithIpam {
  readonly ipam?: { readonly type?: string | undefined } | undefined;
}

/** A plugin whose one link is in the container, with all verbs. */
export function innerPlugin<Conf extends WithIpam>({ kind, ...plugin }: InnerPlugin<Conf>): Plugin<Conf> {
  const { name } = plugin;
  return {
    ...plugin,
    versions: SPEC_VERSIONS,
    add: (call) => addInner(call, kind),
    check: (call) => checkInner(call, kind),
    del: (call) => delInner(call, name),
    gc: (call) => gcInner(call, name),
    status: (call) => statusInner(call, kind),
    plan: (call) => planInner(call, kind),
  };
}
