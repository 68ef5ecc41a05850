import { printVersions } from '../types/print-versions.ts';
import type { AnyPlugin } from './plugin.ts';
import type { World } from './world.ts';

/** What a plugin's process says: one document or nothing, and its exit status. */
export interface Response {
  readonly stdout: string;
  readonly exitCode: 0 | 1;
  /** Takes back what was done when the document cannot be delivered; a no-op for everything but ADD. */
  rollBack(): Promise<void>;
}

/** Answers one call of the protocol, whatever it is; never throws. */
export async function respond(plugin: AnyPlugin, world: World): Promise<Response> {
  if (world.environment['CNI_COMMAND'] === 'VERSION') {
    return { stdout: printVersions(plugin.versions), exitCode: 0, rollBack: async () => {} };
  }
  const { respondToVerb } = await import('./respond-to-verb.ts');
  return respondToVerb(plugin, world);
}
